// SPDX-License-Identifier: GPL-2.0-or-later
// Every answer that is a list, or a sentence.
#include "cli/render.h"

#include <algorithm>

#include "base/text.h"
#include "cli/columns.h"
#include "cli/json_view.h"

namespace dvpn::cli {

using nlohmann::json;

std::string gateway_rows(const json& gateways) {
  Columns columns({"GATEWAY", "STATE", "SESSIONS", "FLOWS", "OPENS", "FAILURES", "RTT", "RATE", "RETRY IN", "LAST ERROR"});
  for (const json& gateway : gateways) {
    const json& now = member(gateway, "rate");
    columns.add({word(gateway, "name"), word(gateway, "state"), word(gateway, "sessions"), word(gateway, "flows"),
                 word(gateway, "opens"), word(gateway, "failures"), milliseconds(gateway, "rtt_ms"),
                 now.is_object() ? rate(count(now, "up") + count(now, "down")) : "", seconds(gateway, "retry_in_s"),
                 word(gateway, "last_error")});
  }
  return columns.render();
}

std::string render_gateways(const json& answer) {
  const json& gateways = member(answer, "gateways");
  if (!has_rows(gateways)) return "no gateway has been used yet\n";
  const std::uint64_t left_out = count(answer, "left_out");
  std::string out = gateway_rows(gateways) + (left_out > 0 ? text("and ", left_out, " more\n") : "");
  for (const json& gateway : gateways)
    if (const std::string remedy = word(gateway, "remedy"); !remedy.empty()) out += printable(text(word(gateway, "name"), ": ", remedy, '\n'));
  return out;
}

std::string render_flows(const json& answer) {
  const json& flows = member(answer, "flows");
  if (!has_rows(flows)) return "no flows\n";
  Columns columns({"ID", "PROTOCOL", "CLIENT", "DESTINATION", "GATEWAY", "VIA", "STATE", "AGE", "UP", "DOWN", "RATE"});
  for (const json& flow : flows)
    columns.add({word(flow, "id"), word(flow, "protocol"), word(flow, "client"), word(flow, "destination"), word(flow, "gateway"),
                 word(flow, "via"), word(flow, "state"), seconds(flow, "age_s"), size(flow, "up"), size(flow, "down"),
                 member(flow, "rate_up").is_number() ? rate(count(flow, "rate_up") + count(flow, "rate_down")) : ""});
  const std::uint64_t left_out = count(answer, "left_out");
  return columns.render() + (left_out > 0 ? text("and ", left_out, " more of ", count(answer, "total"), ": --limit\n") : "");
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

std::string web_address(const json& status) {
  const std::string listen = word(member(status, "web"), "listen");
  if (listen.empty()) return {};
  return listen.starts_with('/') ? "unix:" + listen : text("http://", listen, '/');
}

std::string render_log(const json& answer) {
  std::string out;
  if (const std::uint64_t lost = count(answer, "lost"); lost > 0) out += text("(", plural(lost, "line"), " of the log came too fast to be kept)\n");
  const json& lines = member(answer, "lines");
  if (!lines.is_array()) return out;
  for (const json& line : lines) {
    const std::string level = word(line, "level");
    std::string whole = printable(text(or_dash(word(line, "time")), ' ', level == "info" ? "" : level + ": ", word(line, "text")));
    std::ranges::replace(whole, '\n', ' ');
    out += whole + '\n';
  }
  return out;
}

}  // namespace dvpn::cli
