// SPDX-License-Identifier: GPL-2.0-or-later
// The checks that ask: dvpn-chroot and dvpn-rules what they find, relay and daemon whether they run, the daemon what it finds of the
// gateways.
#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "cli/check.h"
#include "cli/control_client.h"
#include "cli/json_view.h"
#include "cli/relay_client.h"
#include "cli/render.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kMostAsked = 20;   // gateways, if nothing else is said
constexpr std::size_t kAskedAtOnce = 8;  // of them
constexpr auto kProbePatience = std::chrono::seconds(20);
constexpr std::size_t kMostLines = 12;   // of a difference that is shown
constexpr milliseconds kClockTolerance = std::chrono::seconds(60);  // beyond what is not known

std::vector<std::string> lines_of(std::string_view said) {
  std::vector<std::string> lines;
  while (!said.empty()) {
    const std::string_view line = said.substr(0, said.find('\n'));
    said.remove_prefix(std::min(line.size() + 1, said.size()));
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

/// "WHAT: REMEDY", as dvpn-chroot writes them.
void fail_with_remedy(const std::string& line, Findings& findings) {
  const std::size_t colon = line.rfind(": ");
  if (colon == std::string::npos)
    findings.failed(line, "dvpn-chroot build");
  else
    findings.failed(line.substr(0, colon), line.substr(colon + 2));
}

/// "12ms ahead of ours, give or take 3ms", or why it is not known.
std::string clock_text(const json& clock) {
  const milliseconds ahead(clock.value("ahead_ms", std::int64_t{0}));
  const milliseconds uncertainty(clock.value("uncertainty_ms", std::int64_t{0}));
  return text(format_duration(ahead.count() < 0 ? -ahead : ahead), ahead.count() < 0 ? " behind ours" : " ahead of ours", ", give or take ", format_duration(uncertainty));
}

bool clock_is_wrong(const json& clock) {
  const std::int64_t ahead = clock.value("ahead_ms", std::int64_t{0});
  return (ahead < 0 ? -ahead : ahead) - clock.value("uncertainty_ms", std::int64_t{0}) > kClockTolerance.count();
}

std::vector<std::string> gateways_to_ask(const CheckFacts& facts) {
  if (facts.ask != AskGateways::kUsed) return other_gateways(*facts.table, facts.site.config.site.networks);
  std::vector<std::string> names;
  const auto used = facts.status->find("gateways");
  if (used != facts.status->end() && used->is_array())
    for (const json& gateway : *used) names.push_back(word(gateway, "name"));
  return names;
}

}  // namespace

void add_gateway(const json& gateway, Findings& findings) {
  const std::string name = word(gateway, "name");
  const std::string state = word(gateway, "state");
  const std::string why = word(gateway, "text");
  if (state == "ok") {
    const std::string software = word(gateway, "software");
    const auto clock = gateway.find("clock");
    const bool known = clock != gateway.end() && clock->is_object();
    findings.ok(text(name, ": logged in, its relay answers", software.empty() ? "" : text(" (", software, ')'),
                     known ? "" : ", which does not say what time it is there"));
    if (!known) return;
    if (clock_is_wrong(*clock))
      findings.warning(text(name, ": its clock is ", clock_text(*clock)),
                       "set the wrong one, and keep both right with NTP (timedatectl shows it): by such clocks nobody can compare two logs, and certificates "
                       "end too early or too late");
    else
      findings.ok(text(name, ": its clock is ", clock_text(*clock)));
    return;
  }
  if (state == "not-asked") return findings.ok(text(name, ": ", why));
  const std::string reason = word(gateway, "reason");
  const std::string remedy = word(gateway, "remedy");
  findings.failed(text(name, ": ", reason, why.empty() ? "" : ": ", why), remedy.empty() ? "see the log of dvpnd" : remedy);
}

void check_accounts(const CheckFacts& facts, Findings& findings) {
  const auto ran = run_program(chroot_command(facts.site, login_accounts(facts.site.files), "check"));
  if (!ran) return findings.failed(ran.error().text, "install dvpn's programs in a folder of PATH");
  if (ran->exit > 1) return findings.failed(text("dvpn-chroot check: ", ran->complaint()), "see dvpn-chroot(8)");
  const bool no_dropin = ran->out.find(text("failed: ", facts.site.files.dropin, " is missing")) != std::string::npos;
  std::string setting;  // the first that sshd has otherwise than the drop-in
  std::size_t settings = 0;
  for (const std::string& line : lines_of(ran->out)) {
    if (line.starts_with("ok: ")) findings.ok(line.substr(4));
    if (!line.starts_with("failed: ")) continue;
    if (!line.starts_with("failed: sshd, ")) {
      fail_with_remedy(line.substr(8), findings);
    } else if (settings++ == 0) {
      setting = line.substr(8);
    }
  }
  if (settings == 0 || no_dropin) return;  // without the drop-in all of them differ, and that has been said
  fail_with_remedy(setting, findings);
  if (settings > 1) findings.failed(text(settings - 1, " more of sshd's settings for peers are not the drop-in's"), "most likely the same; dvpn-chroot check shows each");
}

void check_rules(const CheckFacts& facts, Findings& findings) {
  const auto ran = run_program({"dvpn-rules", "-c", facts.site.files.config, "check"});
  if (!ran) return findings.failed(ran.error().text, "install dvpn's programs in a folder of PATH");
  if (ran->exit == 0) {
    std::string fine = "rules, sets and routes are what the configuration and the table ask for";
    constexpr std::string_view kName = "dvpn-rules: ";
    for (const std::string& line : lines_of(ran->out))
      if (line.starts_with(kName) && line.find("ignored") != std::string::npos) fine += text("; ", line.substr(kName.size()));
    return findings.ok(fine);
  }
  if (ran->exit != 1)
    return findings.failed(text("the rules cannot be tried: ", ran->complaint()),
                           "if the kernel lacks something: modprobe xt_set ip_set_hash_net xt_NFQUEUE xt_hashlimit xt_socket xt_hl nf_nat, or another kernel; see dvpn-rules(8)");
  std::string said;
  const std::vector<std::string> lines = lines_of(ran->out);
  for (std::size_t i = 0; i < std::min(lines.size(), kMostLines); ++i) said += text(i == 0 ? "" : "\n", lines[i]);
  findings.failed(text("the rules are not in force as they should be: ", said), text("dvpn-rules -c ", facts.site.files.config, " install, or systemctl restart dvpn-rules; if another program did it, systemctl enable --now dvpn-rules-keep"));
}

void check_relay(const CheckFacts& facts, Findings& findings) {
  const std::string path = facts.site.relay.gaol + facts.site.relay.socket;
  const auto answer = ask_relay_hello(path);
  if (!answer) return findings.failed(text(path, ": ", answer.error()), "systemctl start dvpn-relay; its log says why it does not run");
  findings.ok(text("dvpn-relay answers", answer->empty() ? "" : text(" (", *answer, ')')));
}

void check_daemon(const CheckFacts& facts, Findings& findings) {
  if (!facts.status) {
    const auto answer = call_daemon(facts.site.config.control.socket, "status");
    return findings.failed(answer ? word(*answer, "error") : answer.error().text, "systemctl start dvpnd; its log says why it does not run");
  }
  const std::string version = word(*facts.status, "version");
  if (version != DVPN_VERSION)
    findings.warning(text("dvpnd is of version ", version, ", and this is " DVPN_VERSION), "systemctl restart dvpnd");
  else
    findings.ok(text("dvpnd ", version, " answers"));
  for (const std::string& sentence : degradations(*facts.status))
    if (!sentence.starts_with("gateway ") && !sentence.starts_with("the certificate ")) findings.failed(sentence, "dvpn status shows it; its log says more");
}

void check_gateways(const CheckFacts& facts, Findings& findings) {
  if (facts.ask == AskGateways::kNone) return findings.ok("not asked: --gateways none");
  if (!facts.status || !facts.table) return findings.warning("not asked: that takes a dvpnd that runs and a table without mistakes", "see above, and check again");
  std::vector<std::string> names = gateways_to_ask(facts);
  const std::size_t all = names.size();
  if (facts.ask == AskGateways::kSome) names.resize(std::min(all, kMostAsked));
  for (std::size_t begin = 0; begin < names.size(); begin += kAskedAtOnce) {
    const std::vector<std::string> some(names.begin() + static_cast<std::ptrdiff_t>(begin),
                                        names.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kAskedAtOnce, names.size())));
    const auto answer = ask_daemon(facts.site.config.control.socket, {{"call", "probe"}, {"gateways", some}}, kProbePatience);
    if (!answer || (*answer)["ok"] != true)
      return findings.failed(answer ? word(*answer, "error") : answer.error().text, "is dvpnd of the same version? systemctl restart dvpnd");
    if (const auto list = answer->find("gateways"); list != answer->end() && list->is_array())
      for (const json& gateway : *list) add_gateway(gateway, findings);
  }
  if (names.size() < all) findings.ok(text(names.size(), " of ", all, " gateways were asked: --gateways all asks every one"));
  if (all == 0) findings.ok("there are none to ask");
}

}  // namespace dvpn::cli
