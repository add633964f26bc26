// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/init_answers.h"

#include <algorithm>

#include "base/text.h"
#include "cli/columns.h"
#include "config/file.h"
#include "config/values.h"
#include "net/site_prefix.h"
#include "table/gateway_spec.h"
#include "table/line_report.h"
#include "table/words.h"

namespace dvpn::cli {

namespace {

std::vector<std::string> split(std::string line) {
  std::ranges::replace(line, ',', ' ');
  std::vector<std::string> out;
  for (const std::string_view word : table::Words(line)) out.emplace_back(word);
  return out;
}

class Answers {
 public:
  Answers(const SiteFiles& files, const InitOptions& options) : files_(files), options_(options) {}

  std::expected<SitePlan, Refused> find() {
    if (!take_what_is_there() || !take_options()) return std::unexpected(std::move(refused_));
    take_what_can_be_found();
    if (!ask()) return std::unexpected(std::move(refused_));
    if (!check()) return std::unexpected(std::move(refused_));
    return std::move(plan_);
  }

 private:
  bool refuse(std::string text, ExitCode code) {
    refused_ = {std::move(text), code};
    return false;
  }

  /// A second run works from what the first one wrote.
  bool take_what_is_there() {
    plan_ = new_plan(files_, options_.gaol, options_.run_folder);
    const auto content = config::read_file(files_.config);
    if (!content) return true;
    Diagnostics diagnostics(files_.config);
    const auto there = config::parse_daemon_config(*content, diagnostics);
    if (diagnostics.has_errors()) return refuse(text(diagnostics.render(), files_.config, " is there, and has mistakes: mend it or move it away\n"), kBadData);
    there_ = true;
    plan_ = plan_of(files_, there, gaol_there());
    if (options_.run_folder != InitOptions().run_folder) plan_.run_folder = options_.run_folder;
    return true;
  }

  /// An option beats what relay.yaml says.
  std::string gaol_there() const {
    const auto content = config::read_file(files_.relay_config);
    if (!content || options_.gaol != InitOptions().gaol) return options_.gaol;
    Diagnostics unheard("");
    return config::parse_relay_config(*content, unheard).gaol;
  }

  bool take_networks(const std::vector<std::string>& words) {
    std::vector<net::Prefix> networks;
    for (const std::string& one : words)
      for (const std::string& word : split(one)) {
        const auto network = net::parse_site_prefix(word);
        if (!network) return refuse(text("--network: ", network.error()), kBadData);
        if (std::ranges::find(networks, *network) == networks.end()) networks.push_back(*network);
      }
    plan_.networks = std::move(networks);
    return true;
  }

  static std::vector<std::string> all(const std::vector<std::string>& words) {
    std::vector<std::string> out;
    for (const std::string& one : words)
      for (std::string& word : split(one)) out.push_back(std::move(word));
    return out;
  }

  bool take_options() {
    if (!options_.networks.empty() && !take_networks(options_.networks)) return false;
    if (!options_.lan.empty()) plan_.lan = all(options_.lan);
    if (options_.leaf) plan_.lan.clear();
    if (!options_.wan.empty()) plan_.wan = all(options_.wan);
    if (!options_.gateways.empty()) plan_.gateways = all(options_.gateways);
    if (!options_.name.empty()) plan_.name = options_.name;
    return true;
  }

  void take_what_can_be_found() {
    machine_ = options_.probe();
    if (plan_.name.empty() && config::site_name(machine_.host_name)) plan_.name = machine_.host_name;
    if (there_) return;
    Said said{.networks = plan_.networks, .lan = std::nullopt, .wan = plan_.wan};
    if (!options_.lan.empty() || options_.leaf) said.lan = plan_.lan;
    const Guess guess = guess_site(machine_, said);
    plan_.networks = guess.networks;
    plan_.lan = guess.lan;
    plan_.wan = guess.wan;
    const auto sshd = probe_sshd(files_.sshd_config);
    plan_.sshd_ports = sshd && !sshd->ports.empty() ? sshd->ports : config::DaemonConfig().rules.sshd_ports;
    if (plan_.gateways.empty() && guess.public_address)
      plan_.gateways = {table::GatewaySpec{.user = kPeersAccount, .host = guess.public_address->to_string(), .port = plan_.sshd_ports.front()}.to_string()};
  }

  std::string missing() const {
    std::string out;
    const auto add = [&](bool is_missing, std::string_view option) {
      if (is_missing) out += text(out.empty() ? "" : ", ", option);
    };
    add(plan_.name.empty(), "--name NAME");
    add(plan_.networks.empty(), "--network PREFIX");
    add(plan_.wan.empty(), "--wan INTERFACE");
    return out;
  }

  bool ask() {
    const bool asks = !there_ && options_.consent == Consent::kAsk && options_.apply == Apply::kWrite;
    const auto person = asks ? options_.terminal() : nullptr;
    if (asks && !person)
      return refuse(text("there is no terminal to ask on. What is known:\n", dvpn::cli::describe(plan_), missing().empty() ? "" : "Missing: ", missing(),
                         missing().empty() ? "" : ". ", "With --yes it is done like this; options say otherwise: --name, --network, --lan, --leaf, --wan, --gateway\n"),
                    kUsage);
    if (person && !interview(*person)) return refuse("nothing was changed", kNo);
    if (!refused_.text.empty()) return false;
    if (const std::string open = missing(); !open.empty())
      return refuse(text("this cannot be found out: say it with ", open), kUsage);
    return true;
  }

  bool interview(Asker& person) {
    if (plan_.name.empty())
      if (const auto answer = person.ask("What other sites shall call this one?")) plan_.name = *answer;
    if (plan_.networks.empty()) {
      const auto answer = person.ask("This site's own networks (such as 10.0.32.0/24; several with blanks)?");
      if (answer && !take_networks({*answer})) return true;
    }
    if (plan_.wan.empty())
      if (const auto answer = person.ask("The interface that faces the Internet?")) plan_.wan = split(*answer);
    if (plan_.gateways.empty())
      if (const auto answer = person.ask("Address or name under which other sites reach this machine's sshd (nothing: to be said later)?"))
        plan_.gateways = split(*answer);
    return confirm(person, text('\n', dvpn::cli::describe(plan_), "\nSet the site up like this? [Y/n]"), Otherwise::kYes);
  }

  /// By the rules of the files that it goes into.
  bool check() {
    if (const auto name = config::site_name(plan_.name); !name) return refuse(text("--name: ", name.error()), kBadData);
    for (const std::string& gateway : plan_.gateways) {
      Diagnostics said("--gateway");
      table::LineReport report(gateway, 1, said);
      if (!table::parse_gateway(gateway, report)) return refuse(text("--gateway: ", said.all().front().message), kBadData);
    }
    for (const auto* list : {&plan_.lan, &plan_.wan})
      for (const std::string& name : *list)
        if (const auto good = config::interface_name(name); !good) return refuse(text(list == &plan_.lan ? "--lan: " : "--wan: ", good.error()), kBadData);
    for (const std::string& path : {plan_.files.config, plan_.gaol, plan_.run_folder, plan_.files.sshd_config})
      if (const auto good = config::absolute_path(path); !good) return refuse(text(path, ": ", good.error()), kBadData);
    Diagnostics diagnostics(files_.config);
    config::parse_daemon_config(dvpnd_yaml(plan_), diagnostics);
    config::parse_relay_config(relay_yaml(plan_), diagnostics);
    if (diagnostics.has_errors()) return refuse(text("what would be written is wrong:\n", diagnostics.render()), kBadData);
    return true;
  }

  SiteFiles files_;
  const InitOptions& options_;
  Machine machine_;
  SitePlan plan_;
  bool there_ = false;
  Refused refused_{{}, kOk};
};

}  // namespace

std::expected<SitePlan, Refused> find_answers(const SiteFiles& files, const InitOptions& options) { return Answers(files, options).find(); }

std::string describe(const SitePlan& plan) {
  Columns columns;
  std::string networks;
  for (const net::Prefix& network : plan.networks) networks += text(networks.empty() ? "" : " ", network.to_string());
  const auto joined = [](const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += text(out.empty() ? "" : " ", word);
    return out;
  };
  columns.add({"site", plan.name});
  columns.add({"own networks", networks});
  columns.add({"LAN", plan.lan.empty() ? std::string("none: its own traffic alone is carried") : joined(plan.lan)});
  columns.add({"WAN", joined(plan.wan)});
  columns.add({"reached at", joined(plan.gateways)});
  return columns.render("  ");
}

}  // namespace dvpn::cli
