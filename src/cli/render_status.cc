// SPDX-License-Identifier: GPL-2.0-or-later
// One screen of what the daemon does, and what keeps it from it.
#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "cli/columns.h"
#include "cli/json_view.h"
#include "cli/render.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kGatewaysOnOneScreen = 12;

std::string ended(const json& reasons) {
  std::string out;
  if (!reasons.is_object()) return out;
  for (const auto& [reason, number] : reasons.items()) out += text(out.empty() ? "" : ", ", word(number), ' ', reason);
  return out;
}

std::string verdicts(const json& gate) {
  std::string out;
  const json& counts = member(gate, "verdicts");
  for (const char* verdict : {"pass", "reset", "host-unreachable", "network-unreachable", "prohibited", "silence"})
    if (count(counts, verdict) > 0) out += text(count(counts, verdict), ' ', verdict, ", ");
  return out;
}

std::string gate_line(const json& gate) {
  if (word(gate, "mode") != "hold") return or_dash(word(gate, "mode"));
  return text("hold: ", count(gate, "held"), " held of ", count(gate, "limit"), ", ", verdicts(gate), count(gate, "bypassed"), " bypassed");
}

/// Not for want of something: `degradations` says that.
bool is_off(const json& protocol) { return protocol.value("carried", true) == false && word(protocol, "error").empty(); }

std::string udp_line(const json& udp) {
  if (is_off(udp)) return "off (udp.carry)";
  return text(count(udp, "flows"), " flows of ", count(udp, "limit"), ", ", count(udp, "up"), " datagrams up, ", count(udp, "down"), " down, ",
              count(udp, "dropped_up") + count(udp, "dropped_down") + count(udp, "late"), " dropped, ",
              count(udp, "unreachable"), " unreachable");
}

std::string ping_line(const json& ping) {
  if (is_off(ping)) return "off (ping.carry)";
  return text(count(ping, "flows"), " flows of ", count(ping, "limit"), ", ", count(ping, "up"), " up, ", count(ping, "down"), " answered, ",
              count(ping, "unanswered"), " unanswered, ",
              count(ping, "dropped_up") + count(ping, "dropped_down"), " dropped, ", count(ping, "unreachable"), " unreachable");
}

/// Rules that match the sets, and what is in these.
std::string rules_line(const json& answer) {
  const std::string rules = or_dash(word(member(answer, "rules"), "state"));
  return text(rules == "in-place" ? "in place" : rules, ", sets ", or_dash(word(member(answer, "sets"), "state")));
}

std::string open_line(const json& times) {
  if (!times.is_object()) return {};
  return text("half within ", or_dash(milliseconds(times, "p50")), ", nine in ten within ", or_dash(milliseconds(times, "p90")), ", 99 % within ",
              or_dash(milliseconds(times, "p99")));
}

std::string bytes_line(const json& answer) {
  const json& bytes = member(answer, "bytes");
  std::string out = text(size(bytes, "up"), " up, ", size(bytes, "down"), " down");
  if (const json& now = member(answer, "rate"); now.is_object())
    out += text("; now ", rate(count(now, "up")), " up, ", rate(count(now, "down")), " down");
  return out;
}

std::string memory_line(const json& memory) {
  if (!memory.is_object()) return {};
  return text(size(memory, "resident"), ", windows ", size(memory, "windows"), " of ", size(memory, "windows_limit"));
}

std::string some_gateways(const json& answer) {
  const json& gateways = member(answer, "gateways");
  if (!has_rows(gateways)) return {};
  const std::size_t shown = std::min(gateways.size(), kGatewaysOnOneScreen);
  std::string out = '\n' + gateway_rows(json(gateways.begin(), gateways.begin() + static_cast<std::ptrdiff_t>(shown)));
  const std::uint64_t more = gateways.size() - shown + count(answer, "gateways_left_out");
  if (more > 0) out += text("and ", plural(more, "more gateway"), ": dvpn gateways\n");
  return out;
}

/// Of keys whose certificate does not help any more, or soon will not.
std::vector<std::string> endings(const json& keys) {
  std::vector<std::string> out;
  if (!keys.is_array()) return out;
  for (const json& key : keys) {
    const json& certificate = member(key, "certificate");
    const std::string state = word(certificate, "state");
    const std::string which = text("the certificate of ", word(key, "path"), " (", word(certificate, "id"), ")");
    const std::string what_to_do = "; put a new one in its place, then dvpn reload";
    if (state == "ends-soon") out.push_back(text(which, " ends at ", word(certificate, "to"), what_to_do));
    if (state == "ended") out.push_back(text(which, " has ended at ", word(certificate, "to"), what_to_do));
    if (state == "not-yet") out.push_back(text(which, " is not valid before ", word(certificate, "from"), ": see whether the clock here is right"));
  }
  return out;
}

}  // namespace

std::vector<std::string> degradations(const json& status) {
  std::vector<std::string> out;
  const auto add_error = [&](std::string_view what, const std::string& error) {
    const std::string_view trimmed = std::string_view(error).substr(0, error.find_last_not_of('\n') + 1);
    const bool one_line = trimmed.find('\n') == std::string_view::npos;
    if (!error.empty()) out.push_back(text(what, one_line ? " " : "\n", trimmed));
  };
  const std::string table_error = word(member(status, "table"), "error");
  const std::string config_error = word(member(status, "config"), "error");
  if (table_error == config_error) {
    add_error("configuration and table on disk are not in use:", table_error);
  } else {
    add_error("the table on disk is not in use:", table_error);
    add_error("the configuration on disk is not in use:", config_error);
  }
  const json& sets = member(status, "sets");
  if (word(member(status, "rules"), "state") == "absent" && word(sets, "state") != "absent")
    out.push_back("the firewall's rules are not in place, so nothing is caught; dvpn-rules install");
  if (word(sets, "state") == "absent") out.push_back("the firewall's sets are absent; dvpn-rules install");
  if (word(sets, "state") == "failed")
    out.push_back(text("the firewall's sets are not up to date: ", or_dash(word(sets, "error"))));
  if (const json& stop = member(status, "stop"); word(stop, "state") == "failed")
    out.push_back(text("the routes of the second stop are not up to date: ", or_dash(word(stop, "error")), "; dvpn-rules install"));
  const json& gate = member(status, "gate");
  if (const std::string error = word(gate, "error"); !error.empty())
    out.push_back(text("there is no gate, connections are accepted first: ", error));
  if (count(gate, "bypassed") > 0 && verdicts(gate).empty())
    out.push_back("connections come past the gate, and none is held; dvpn-rules install");
  if (const std::string error = word(member(status, "udp"), "error"); !error.empty()) out.push_back(text("no UDP is carried: ", error));
  if (const std::string error = word(member(status, "ping"), "error"); !error.empty()) out.push_back(text("no pings are carried: ", error));
  std::ranges::move(endings(member(status, "keys")), std::back_inserter(out));
  const json& gateways = member(status, "gateways");
  if (!gateways.is_array()) return out;
  for (const json& gateway : gateways) {
    const std::string state = word(gateway, "state");
    const bool down = state == "failed" || state == "backoff" || state == "silent";
    const bool limited = gateway.is_object() && gateway.value("limited", json(false)) == true;
    if (!down && !limited) continue;
    const std::string remedy = word(gateway, "remedy");
    out.push_back(text("gateway ", word(gateway, "name"), down ? " is down: " : " holds us back: ", or_dash(word(gateway, "last_error")),
                       remedy.empty() ? "" : "; ", remedy));
  }
  return out;
}

std::string render_status(const json& answer) {
  const json& table = member(answer, "table");
  const json& flows = member(answer, "flows");
  std::string out = printable(text("dvpnd ", or_dash(word(answer, "version")), ", pid ", or_dash(word(answer, "pid")),
                                   ", up ", or_dash(seconds(answer, "uptime_s")), '\n'));
  Columns facts;
  facts.add({"site", joined(member(answer, "site"))});
  facts.add({"config", word(member(answer, "config"), "path")});
  facts.add({"table", text(word(table, "path"), ": ", plural(count(table, "routes"), "route"), ", ",
                           count(table, "prefixes"), count(table, "prefixes") == 1 ? " prefix" : " prefixes", ", loaded ",
                           or_dash(seconds(table, "age_s")), " ago")});
  facts.add({"rules", rules_line(answer)});
  facts.add({"sessions", word(answer, "sessions")});
  facts.add({"flows", text(count(flows, "open"), " open of ", count(flows, "limit"), ", ", count(flows, "total"),
                           " in all, ", count(flows, "refused"), " refused")});
  facts.add({"gate", gate_line(member(answer, "gate"))});
  if (member(answer, "udp").is_object()) facts.add({"udp", udp_line(member(answer, "udp"))});
  if (member(answer, "ping").is_object()) facts.add({"pings", ping_line(member(answer, "ping"))});
  facts.add({"ended", ended(member(answer, "ended"))});
  facts.add({"opening", open_line(member(answer, "open_ms"))});
  facts.add({"bytes", bytes_line(answer)});
  facts.add({"memory", memory_line(member(answer, "memory"))});
  out += facts.render("  ") + some_gateways(answer);
  for (const std::string& sentence : degradations(answer)) out += printable(text("\ndegraded: ", sentence, '\n'));
  return out;
}

}  // namespace dvpn::cli
