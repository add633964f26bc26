// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cli/columns.h"
#include "cli/json_view.h"
#include "cli/render.h"

namespace dvpn::cli {

using nlohmann::json;

std::string render_top(const json& status, const json& flows, const std::string& keys) {
  const json& now = member(status, "rate");
  const json& gateways = member(status, "gateways");
  const auto up = gateways.is_array() ? std::ranges::count_if(gateways, [](const json& gateway) { return word(gateway, "state") == "up"; }) : 0;
  const std::size_t known = (gateways.is_array() ? gateways.size() : 0) + count(status, "gateways_left_out");
  std::string out = text("dvpnd ", or_dash(word(status, "version")), ", up ", or_dash(seconds(status, "uptime_s")), ", ",
                         plural(count(member(status, "flows"), "open") + count(member(status, "udp"), "flows") + count(member(status, "ping"), "flows"), "flow"), ", ",
                         plural(count(status, "sessions"), "session"), ", ", up, " of ", plural(known, "gateway"), " up\n");
  out += text(rate(count(now, "up")), " up, ", rate(count(now, "down")), " down", keys.empty() ? "" : "    ", keys, '\n');
  for (std::string sentence : degradations(status)) {
    std::ranges::replace(sentence, '\n', ' ');
    out += text("degraded: ", sentence, '\n');
  }
  return printable(out) + '\n' + render_flows(flows);
}

std::string next_order(const std::string& order) {
  constexpr std::array kOrders = {"rate", "bytes", "age", "id"};
  const auto found = std::ranges::find(kOrders, order);
  if (found == kOrders.end() || found + 1 == kOrders.end()) return kOrders.front();
  return *(found + 1);
}

}  // namespace dvpn::cli
