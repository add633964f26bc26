// SPDX-License-Identifier: GPL-2.0-or-later
// dvpnd: catches connections to other sites and carries them over SSH to the gateways that serve them. See dvpnd(8).
#include <linux/capability.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "base/privileges.h"
#include "base/text.h"
#include "config/rules_dump.h"
#include "programs/daemon.h"
#include "ssh/library.h"

namespace {

using namespace std::string_literals;

int configuration_error(const std::string& diagnostics) {
  std::fputs(diagnostics.c_str(), stderr);
  return EX_CONFIG;
}

int check(const std::string& config_path) {
  const auto loaded = dvpn::control::load(config_path);
  if (!loaded) return configuration_error(loaded.error());
  std::fputs(loaded->warnings.c_str(), stderr);
  std::printf("%s: ok, %zu routes\n", config_path.c_str(), loaded->snapshot->table.routes().size());
  return EX_OK;
}

/// Configuration and table alone: the rule installer must work before keys are there.
int dump_rules(const std::string& config_path) {
  std::string warnings;
  const auto config = dvpn::control::load_config(config_path, warnings);
  if (!config) return configuration_error(config.error());
  const auto table = dvpn::control::load_table(config->table, warnings);
  if (!table) return configuration_error(table.error());
  std::fputs(warnings.c_str(), stderr);
  std::fputs(dvpn::config::dump_rules(*config, table->prefixes()).c_str(), stdout);
  return EX_OK;
}

/// One descriptor a flow and what else there is: as many as the system lets us have, up to that.
void raise_descriptor_limit(const dvpn::config::DaemonConfig& config) {
  constexpr rlim_t kOther = 1024;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted = rlim_t{config.limits.flows} + config.limits.udp_flows + kOther;
  if (limit.rlim_max < wanted && ::geteuid() == 0) limit.rlim_max = wanted;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted)
    dvpn::log_warning(dvpn::text("only ", limit.rlim_cur, " descriptors for limits.flows ", config.limits.flows,
                                 " and limits.udp_flows ", config.limits.udp_flows, ": raise LimitNOFILE"));
}

/// CAP_NET_ADMIN for conntrack, the sets and sockets that stand in for targets of datagrams, CAP_NET_BIND_SERVICE for such
/// targets' low ports and low forwards that a reload brings.
dvpn::Status drop_privileges(const dvpn::config::DaemonConfig& config) {
  const std::initializer_list<int> kept = {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE};
  if (::geteuid() != 0 || config.daemon.user.empty()) return dvpn::keep_only_capabilities(kept);
  const auto account = dvpn::find_account(config.daemon.user);
  if (!account) return std::unexpected(account.error());
  return dvpn::become(*account, {account->gid}, kept);
}

/// Large buffers come from the kernel and go back to it. By itself malloc(3) raises this threshold to the largest buffer that was freed
/// (32 MB at most), takes later ones from its heaps, and keeps what is left of those.
void give_large_buffers_back() {
  constexpr int kLarge = 512 << 10;  // bytes: beyond what comes and goes with each read or frame
  constexpr int kTop = 2 << 20;      // bytes at the end of a heap that are kept: a heap that shrinks and grows all the time costs
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, kTop);
}

int serve(const std::string& config_path) {
  give_large_buffers_back();
  ::signal(SIGPIPE, SIG_IGN);
  if (const auto started = dvpn::ssh::initialize(); !started) return configuration_error(started.error().text + "\n");
  auto loaded = dvpn::control::load(config_path);
  if (!loaded) return configuration_error(loaded.error());
  dvpn::log_lines(dvpn::LogLevel::kWarning, loaded->warnings);
  const dvpn::config::DaemonConfig& config = loaded->snapshot->config;
  dvpn::set_log_level(config.log.level);

  dvpn::Daemon daemon(config_path, loaded->snapshot);
  if (const dvpn::Status prepared = daemon.prepare(); !prepared) {
    dvpn::log_error(prepared.error().text);
    return EXIT_FAILURE;
  }
  raise_descriptor_limit(config);
  dvpn::Status dropped = drop_privileges(config);
  if (dropped) dropped = dvpn::forbid_new_privileges();
  if (!dropped) {
    dvpn::log_error(dropped.error().text);
    return EXIT_FAILURE;
  }
  return daemon.run();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Carries connections to other sites over SSH to the gateways that serve them.", "dvpnd");
  std::string config_path = "/etc/dvpn/dvpnd.yaml";
  std::string what;
  bool only_check = false;
  app.add_option("-c,--config", config_path, "The configuration")->type_name("FILE")->capture_default_str();
  auto* const check_flag = app.add_flag("--check", only_check, "Check configuration, table and keys, and exit");
  app.add_option("--dump", what, "Print what another program needs to know, and exit")
      ->check(CLI::IsMember({"rules"s}))
      ->excludes(check_flag);
  app.set_version_flag("--version", "dvpnd " DVPN_VERSION " (libssh " + dvpn::ssh::library_version() + ")");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : 2;
  }
  if (only_check) return check(config_path);
  if (what == "rules") return dump_rules(config_path);
  return serve(config_path);
}
