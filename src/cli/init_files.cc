// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/init_files.h"

#include "base/text.h"

namespace dvpn::cli {

namespace {

using config::DaemonConfig;
using config::RelayConfig;

std::string scalar(const std::string& value) { return value; }
std::string scalar(const net::Prefix& value) { return value.to_string(); }
std::string scalar(net::Port value) { return text(value); }

/// A list in one line of YAML. Colons need quotes there, and brackets.
template <class T>
std::string list(const std::vector<T>& values) {
  std::string out;
  for (const T& value : values) {
    const std::string plain = scalar(value);
    const bool quoted = plain.find_first_of(":[]@") != std::string::npos;
    out += text(out.empty() ? "" : ", ", quoted ? "\"" : "", plain, quoted ? "\"" : "");
  }
  return text('[', out, ']');
}

template <class T>
void compare(std::vector<std::string>& out, const char* key, const std::vector<T>& wanted, const std::vector<T>& there) {
  if (wanted != there) out.push_back(text(key, " is ", list(there), ", not ", list(wanted)));
}

void compare(std::vector<std::string>& out, const char* key, const std::string& wanted, const std::string& there) {
  if (wanted != there) out.push_back(text(key, " is ", there.empty() ? std::string("not set") : there, ", not ", wanted));
}

std::string socket_of(const SitePlan& plan) { return plan.run_folder + "/control.sock"; }
std::string names_of(const SitePlan& plan) { return names_folder(plan) + "/hosts"; }

}  // namespace

std::string names_folder(const SitePlan& plan) { return plan.run_folder + "/names"; }

SitePlan new_plan(const SiteFiles& files, const std::string& gaol, const std::string& run_folder) {
  const std::string etc = folder_of(files.config);
  SitePlan plan;
  plan.files = files;
  plan.gaol = gaol;
  plan.run_folder = run_folder;
  plan.table = etc + "/hosts";
  plan.known_hosts = etc + "/known_hosts";
  plan.key = etc + "/id_ed25519";
  return plan;
}

SitePlan plan_of(const SiteFiles& files, const DaemonConfig& daemon, const std::string& gaol) {
  return {.files = files,
          .name = daemon.site.name,
          .networks = daemon.site.networks,
          .lan = daemon.site.lan,
          .wan = daemon.site.wan,
          .gateways = daemon.site.gateways,
          .sshd_ports = daemon.rules.sshd_ports,
          .gaol = gaol,
          .run_folder = folder_of(daemon.control.socket),
          .table = daemon.table,
          .known_hosts = daemon.ssh.known_hosts,
          .key = daemon.ssh.keys.front()};
}

std::string dvpnd_yaml(const SitePlan& plan) {
  const DaemonConfig defaults;
  std::string out =
      text("# dvpnd's configuration; see dvpnd.yaml(5). What is not said here has its default. `dvpnd --check` says what is wrong with\n"
           "# this file, `dvpn reload` brings it into force.\n\n"
           "site:\n"
           "  name: ", plan.name, "\n"
           "  # The site's own networks: what other sites reach through this gateway.\n"
           "  networks: ", list(plan.networks), "\n"
           "  # Interfaces whose hosts are carried to the other sites; [] on a machine that carries its own traffic alone.\n"
           "  lan: ", list(plan.lan), "\n"
           "  # Interfaces that face the Internet. Nothing that comes in there enters the VPN.\n"
           "  wan: ", list(plan.wan), "\n"
           "  # Under which other sites reach this machine's sshd: dvpn peer export tells them.\n"
           "  gateways: ", list(plan.gateways), '\n');
  if (plan.table != defaults.table) out += text("\ntable: ", plan.table, '\n');
  out += text("\n# The table's names, for a resolver that watches the file (dvpn init --dnsmasq).\nnames: ", names_of(plan), '\n');
  if (plan.key != defaults.ssh.keys.front())
    out += text("\nssh:\n  keys: [", plan.key, "]\n  known_hosts: ", plan.known_hosts, '\n');
  const bool other_ports = plan.sshd_ports != defaults.rules.sshd_ports;
  if (other_ports || plan.lan.empty()) out += "\nrules:\n";
  if (other_ports) out += text("  sshd_ports: ", list(plan.sshd_ports), '\n');
  if (plan.lan.empty()) out += "  role: leaf\n";
  if (socket_of(plan) != defaults.control.socket) out += text("\ncontrol:\n  socket: ", socket_of(plan), '\n');
  return out;
}

std::string relay_yaml(const SitePlan& plan) {
  std::string out = text("# dvpn-relay's configuration; see dvpn-relay.yaml(5). What is not said here has its default.\n\n"
                         "# The site's own networks, as in dvpnd.yaml: what every peer may reach as long as there is no \"access\".\n"
                         "networks: ", list(plan.networks), '\n');
  if (plan.gaol != RelayConfig().gaol) out += text("gaol: ", plan.gaol, '\n');
  return out;
}

std::string empty_table(const SitePlan& plan) {
  return text("# dvpn's table; see dvpn-hosts(5): which gateways serve which networks. dvpn peer add and dvpn map set write lines here, and an\n"
              "# editor may; a change is in force within a second.\n#\n"
              "# address      name              #! gateway[,gateway...] [prefix...] [option=value...]\n"
              "# 10.0.33.1    friday            #! 203.0.113.9 10.0.33.0/24\n",
              plan.networks.empty() ? "" : text("# (this site, ", plan.name, ", needs no line)\n"));
}

std::string empty_known_hosts() {
  return "# The host keys of the other sites' gateways, in the form of sshd(8). dvpn peer add writes them; an unknown or changed key is refused.\n";
}

std::string dnsmasq_snippet(const SitePlan& plan) {
  return text("# Serves the names of dvpn's table to the LAN: dvpnd publishes them there (names: in dvpnd.yaml), and dnsmasq sees each change.\n"
              "hostsdir=", names_folder(plan), '\n');
}

std::vector<std::string> differences(const SitePlan& plan, const DaemonConfig& there) {
  std::vector<std::string> out;
  compare(out, "site.networks", plan.networks, there.site.networks);
  compare(out, "site.lan", plan.lan, there.site.lan);
  compare(out, "site.wan", plan.wan, there.site.wan);
  compare(out, "site.name", plan.name, there.site.name);
  compare(out, "site.gateways", plan.gateways, there.site.gateways);
  compare(out, "control.socket", socket_of(plan), there.control.socket);
  compare(out, "names", names_of(plan), there.names);
  return out;
}

std::vector<std::string> differences(const SitePlan& plan, const RelayConfig& there) {
  std::vector<std::string> out;
  compare(out, "networks", plan.networks, there.networks);
  compare(out, "gaol", plan.gaol, there.gaol);
  return out;
}

}  // namespace dvpn::cli
