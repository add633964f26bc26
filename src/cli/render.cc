// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/render.h"

#include <chrono>
#include <cstdint>
#include <cstdio>

#include "base/text.h"
#include "base/units.h"
#include "cli/columns.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;

/// The member, or null if there is none or `object` is no object.
const json& member(const json& object, const char* key) {
  static const json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

/// As one word; empty for what is no single value.
std::string word(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return {};
}

std::string word(const json& object, const char* key) { return word(member(object, key)); }

std::string or_dash(std::string word) { return word.empty() ? "-" : word; }

std::uint64_t count(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::string size(const json& object, const char* key) {
  return member(object, key).is_number_unsigned() ? format_size(count(object, key)) : "-";
}

std::string seconds(const json& object, const char* key) {
  constexpr double kMost = 1e12;
  const json& value = member(object, key);
  if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() < kMost)) return {};
  if (value.is_number_integer() && value.get<double>() < 60) return text(value.get<int>(), 's');
  return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(value.get<double>() * 1000)));
}

std::string milliseconds(const json& object, const char* key) {
  const json& value = member(object, key);
  if (!value.is_number()) return {};
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.1fms", value.get<double>());
  return buffer;
}

std::string plural(std::uint64_t number, std::string_view one) { return text(number, ' ', one, number == 1 ? "" : "s"); }

std::string joined(const json& list) {
  std::string out;
  if (!list.is_array()) return out;
  for (const json& item : list) out += text(out.empty() ? "" : " ", word(item));
  return out;
}

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

std::string gateway_rows(const json& gateways) {
  Columns columns({"GATEWAY", "STATE", "SESSIONS", "FLOWS", "OPENS", "FAILURES", "RTT", "RETRY IN", "LAST ERROR"});
  for (const json& gateway : gateways)
    columns.add({word(gateway, "name"), word(gateway, "state"), word(gateway, "sessions"), word(gateway, "flows"),
                 word(gateway, "opens"), word(gateway, "failures"), milliseconds(gateway, "rtt_ms"),
                 seconds(gateway, "retry_in_s"), word(gateway, "last_error")});
  return columns.render();
}

bool has_rows(const json& list) { return list.is_array() && !list.empty(); }

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
  if (word(sets, "state") == "absent") out.push_back("the firewall's sets are absent; dvpn-rules install");
  if (word(sets, "state") == "failed")
    out.push_back(text("the firewall's sets are not up to date: ", or_dash(word(sets, "error"))));
  const json& gate = member(status, "gate");
  if (const std::string error = word(gate, "error"); !error.empty())
    out.push_back(text("there is no gate, connections are accepted first: ", error));
  if (count(gate, "bypassed") > 0 && verdicts(gate).empty())
    out.push_back("connections come past the gate, and none is held; dvpn-rules install");
  if (const std::string error = word(member(status, "udp"), "error"); !error.empty()) out.push_back(text("no UDP is carried: ", error));
  if (const std::string error = word(member(status, "ping"), "error"); !error.empty()) out.push_back(text("no pings are carried: ", error));
  const json& gateways = member(status, "gateways");
  if (!gateways.is_array()) return out;
  for (const json& gateway : gateways) {
    const std::string state = word(gateway, "state");
    if (state == "failed" || state == "backoff" || state == "silent")
      out.push_back(text("gateway ", word(gateway, "name"), " is down: ", or_dash(word(gateway, "last_error"))));
  }
  return out;
}

std::string render_status(const json& answer) {
  const json& table = member(answer, "table");
  const json& flows = member(answer, "flows");
  const json& bytes = member(answer, "bytes");
  std::string out = printable(text("dvpnd ", or_dash(word(answer, "version")), ", pid ", or_dash(word(answer, "pid")),
                                   ", up ", or_dash(seconds(answer, "uptime_s")), '\n'));
  Columns facts;
  facts.add({"site", joined(member(answer, "site"))});
  facts.add({"config", word(member(answer, "config"), "path")});
  facts.add({"table", text(word(table, "path"), ": ", plural(count(table, "routes"), "route"), ", ",
                           count(table, "prefixes"), count(table, "prefixes") == 1 ? " prefix" : " prefixes", ", loaded ",
                           or_dash(seconds(table, "age_s")), " ago")});
  facts.add({"sets", word(member(answer, "sets"), "state")});
  facts.add({"sessions", word(answer, "sessions")});
  facts.add({"flows", text(count(flows, "open"), " open of ", count(flows, "limit"), ", ", count(flows, "total"),
                           " in all, ", count(flows, "refused"), " refused")});
  facts.add({"gate", gate_line(member(answer, "gate"))});
  if (member(answer, "udp").is_object()) facts.add({"udp", udp_line(member(answer, "udp"))});
  if (member(answer, "ping").is_object()) facts.add({"pings", ping_line(member(answer, "ping"))});
  facts.add({"ended", ended(member(answer, "ended"))});
  facts.add({"bytes", text(size(bytes, "up"), " up, ", size(bytes, "down"), " down")});
  out += facts.render("  ");
  if (has_rows(member(answer, "gateways"))) out += '\n' + gateway_rows(member(answer, "gateways"));
  for (const std::string& sentence : degradations(answer)) out += printable(text("\ndegraded: ", sentence, '\n'));
  return out;
}

std::string render_gateways(const json& answer) {
  const json& gateways = member(answer, "gateways");
  return has_rows(gateways) ? gateway_rows(gateways) : "no gateway has been used yet\n";
}

std::string render_flows(const json& answer) {
  const json& flows = member(answer, "flows");
  if (!has_rows(flows)) return "no flows\n";
  Columns columns({"ID", "PROTOCOL", "CLIENT", "DESTINATION", "GATEWAY", "VIA", "STATE", "AGE", "UP", "DOWN"});
  for (const json& flow : flows)
    columns.add({word(flow, "id"), word(flow, "protocol"), word(flow, "client"), word(flow, "destination"), word(flow, "gateway"),
                 word(flow, "via"), word(flow, "state"), seconds(flow, "age_s"), size(flow, "up"), size(flow, "down")});
  return columns.render();
}

std::string render_redirects(const json& answer) {
  const json& redirects = member(answer, "redirects");
  if (!has_rows(redirects)) return "the kernel redirects nothing\n";
  Columns columns({"CLIENT", "DESTINATION", "STATE"});
  for (const json& redirect : redirects)
    columns.add({word(redirect, "client"), word(redirect, "destination"), word(redirect, "state")});
  return columns.render();
}

std::string render_reload(const json& answer) {
  const std::string changed = word(answer, "changed");
  return printable(text("reloaded: ", plural(count(answer, "table_routes"), "route"), changed.empty() ? "" : "; ",
                        changed, '\n'));
}

}  // namespace dvpn::cli
