// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/init.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/privileges.h"
#include "base/text.h"
#include "cli/columns.h"
#include "cli/init_answers.h"
#include "cli/json.h"
#include "config/edited_file.h"
#include "config/file.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;

/// What became of one thing.
struct Outcome {
  std::string what;
  enum class State { kThere, kMade, kWouldBeMade, kDiffers } state;
  std::vector<std::string> details{};
};

class Init {
 public:
  Init(CommandLine& line, const InitOptions& options, SitePlan plan) : line_(line), options_(options), plan_(std::move(plan)) {
    site_.files = plan_.files;
    site_.relay.gaol = plan_.gaol;
    if (const auto content = config::read_file(plan_.files.config)) {
      Diagnostics unheard("");
      site_.config = config::parse_daemon_config(*content, unheard);
    }
  }

  ExitCode run() {
    if (writes() && ::geteuid() != 0) return line_.refuse("accounts, gaol and keys are root's to make: run it as root, or see with --dry-run what it would do", kNoPermission);
    for (const auto step : {&Init::accounts, &Init::run_folder, &Init::configuration, &Init::key, &Init::dnsmasq})
      if (const Status done = (this->*step)(); !done) {
        report();
        return line_.refuse(done.error().text, done.error().kind == ErrorKind::kConfiguration ? kNo : kCannotWrite);
      }
    return report();
  }

 private:
  using State = Outcome::State;
  bool writes() const { return options_.apply == Apply::kWrite; }
  void note(std::string what, State state, std::vector<std::string> details = {}) { outcomes_.push_back({std::move(what), state, std::move(details)}); }

  /// dvpn-chroot says itself what it made.
  Status accounts() {
    const std::vector<std::string> command = chroot_command(site_, login_accounts(site_.files), writes() ? "build" : "check");
    const auto ran = run_program(command);
    if (!ran) return std::unexpected(ran.error());
    if (writes() && ran->exit != 0) return fail(ErrorKind::kConfiguration, ran->complaint());
    std::vector<std::string> details;
    std::string_view rest = ran->out;
    const std::string_view wanted = writes() ? "made: " : "failed: ";
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (line.starts_with(wanted)) details.emplace_back(line.substr(wanted.size()));
    }
    const State state = details.empty() ? State::kThere : writes() ? State::kMade : State::kWouldBeMade;
    note("accounts, gaol and sshd drop-in (dvpn-chroot)", state, std::move(details));
    return {};
  }

  /// systemd makes /run/dvpn; another one is needed where several sites share a machine.
  Status run_folder() {
    if (plan_.run_folder == "/run/dvpn") return {};
    std::error_code error;
    const bool there = std::filesystem::is_directory(plan_.run_folder, error);
    if (there || !writes()) {
      note(plan_.run_folder, there ? State::kThere : State::kWouldBeMade);
      return {};
    }
    std::filesystem::create_directories(plan_.run_folder, error);
    if (error) return fail(ErrorKind::kSystem, text(plan_.run_folder, ": ", error.message()));
    if (const auto account = daemon_account(); account && ::chown(plan_.run_folder.c_str(), account->uid, account->gid) != 0)
      return fail_errno(plan_.run_folder, errno);
    note(plan_.run_folder, State::kMade);
    return {};
  }

  Status configuration() {
    Status done = file(plan_.files.config, dvpnd_yaml(plan_), [this](const std::string& content) {
      Diagnostics unheard("");
      return differences(plan_, config::parse_daemon_config(content, unheard));
    });
    if (done) done = file(plan_.files.relay_config, relay_yaml(plan_), [this](const std::string& content) {
      Diagnostics unheard("");
      return differences(plan_, config::parse_relay_config(content, unheard));
    });
    const auto content_is_anybodys = [](const std::string&) { return std::vector<std::string>(); };
    if (done) done = file(plan_.table, empty_table(plan_), content_is_anybodys);
    if (done) done = file(plan_.known_hosts, empty_known_hosts(), content_is_anybodys);
    return done;
  }

  /// Writes it if nothing is there. What is there stays, and `differ` says in what it is not as wanted.
  template <class Differ>
  Status file(const std::string& path, const std::string& content, const Differ& differ) {
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
      const auto there = config::read_file(path);
      if (!there) return std::unexpected(there.error());
      std::vector<std::string> details = differ(*there);
      const State state = details.empty() ? State::kThere : State::kDiffers;
      note(path, state, std::move(details));
      return {};
    }
    if (writes()) {
      auto fresh = config::EditedFile::open(path);
      if (!fresh) return std::unexpected(fresh.error());
      if (const Status written = fresh->replace(content); !written) return written;
    }
    note(path, writes() ? State::kMade : State::kWouldBeMade, writes() ? std::vector<std::string>() : std::vector<std::string>{content});
    return {};
  }

  std::optional<Account> daemon_account() const {
    const std::string& name = site_.config.daemon.user;
    if (name.empty()) return std::nullopt;
    const auto account = find_account(name);
    return account ? std::optional(*account) : std::nullopt;
  }

  /// Root's, and the daemon's to read.
  Status key() {
    const std::string path = plan_.key;
    std::error_code error;
    const bool there = std::filesystem::exists(path, error);
    if (there || !writes()) {
      note(path, there ? State::kThere : State::kWouldBeMade);
      return {};
    }
    const auto ran = run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", plan_.name, "-f", path});
    if (!ran) return std::unexpected(ran.error());
    if (ran->exit != 0) return fail(ErrorKind::kSystem, text("ssh-keygen: ", ran->complaint()));
    constexpr mode_t kMode = 0640;
    if (const auto account = daemon_account()) {
      if (::chown(path.c_str(), 0, account->gid) != 0 || ::chmod(path.c_str(), kMode) != 0) return fail_errno(path, errno);
    }
    note(path, State::kMade);
    return {};
  }

  Status dnsmasq() {
    if (options_.dnsmasq_folder.empty()) return {};
    const std::string wanted = dnsmasq_snippet(plan_);
    return file(options_.dnsmasq_folder + "/dvpn.conf", wanted, [&](const std::string& content) {
      const bool serves = ("\n" + content).find(text("\nhostsdir=", names_folder(plan_), '\n')) != std::string::npos;
      return serves ? std::vector<std::string>() : std::vector<std::string>{text("it has no line hostsdir=", names_folder(plan_))};
    });
  }

  ExitCode report() {
    bool made = false;
    bool differs = false;
    json list = json::array();
    for (const Outcome& outcome : outcomes_) {
      static constexpr std::array<const char*, 4> kNames = {"there", "made", "would be made", "differs"};
      const char* const name = kNames[static_cast<std::size_t>(outcome.state)];
      made |= outcome.state == State::kMade;
      differs |= outcome.state == State::kDiffers;
      list.push_back({{"what", outcome.what}, {"state", name}, {"details", outcome.details}});
      if (line_.form() == Form::kJson) continue;
      line_.out() << printable(text(name, ": ", outcome.what, '\n'));
      for (std::string detail : outcome.details) {
        for (std::size_t at = 0; (at = detail.find('\n', at)) != std::string::npos && at + 1 < detail.size(); at += 5) detail.insert(at + 1, "    ");
        line_.out() << printable(text("    ", detail, detail.ends_with('\n') ? "" : "\n"));
      }
    }
    if (line_.form() == Form::kJson) {
      print({{"v", 1}, {"ok", !differs}, {"changed", made}, {"site", plan_.name}, {"steps", list}}, line_.out());
      return differs ? kNo : kOk;
    }
    if (differs) line_.err() << "dvpn: what differs was left as it is: change it with an editor, or move it away and run this again\n";
    if (!made && !differs && writes()) line_.out() << "everything is there already, nothing was changed\n";
    if (writes()) next_steps();
    return differs ? kNo : kOk;
  }

  void next_steps() {
    const bool ordinary = plan_.files.config == "/etc/dvpn/dvpnd.yaml";
    const std::string with = ordinary ? std::string() : text(" -c ", plan_.files.config);
    const bool ordinary_sshd = plan_.files.sshd_config == kSshdConfig;
    const std::string sshd = ordinary_sshd ? std::string() : text(" --sshd-config ", plan_.files.sshd_config);
    line_.out() << "\nNothing was started or opened, and no firewall rule changed. Next:\n"
                << "  sshd -t && systemctl reload ssh                         # lets peers in, into the gaol alone\n"
                << "  dvpn peer export" << with << sshd << "                                        # for the other site's: dvpn peer add\n"
                << "  dvpn peer add" << with << sshd << " < block                                   # what the other site's export printed\n"
                << "  dvpn-rules" << with << " show --wanted                                # the rules; they close the WAN to all but sshd\n";
    if (ordinary)
      line_.out() << "  systemctl enable --now dvpn-rules dvpn-relay dvpnd\n";
    else
      line_.out() << "  dvpn-rules" << with << " install; dvpn-relay -c " << plan_.files.relay_config << "; dvpnd" << with << '\n';
    line_.out() << "  dvpn check" << with << sshd << '\n';
  }

  CommandLine& line_;
  const InitOptions& options_;
  SitePlan plan_;
  PeerSite site_;
  std::vector<Outcome> outcomes_;
};

}  // namespace

ExitCode init_site(CommandLine& line, const InitOptions& options) {
  auto plan = find_answers(site_files(line.config_file(), options.sshd_config), options);
  if (!plan) return line.refuse(plan.error().text, plan.error().code);
  return Init(line, options, std::move(*plan)).run();
}

}  // namespace dvpn::cli
