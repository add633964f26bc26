// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/probe.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "control/why.h"

namespace dvpn::control {

namespace {

using nlohmann::ordered_json;

ordered_json to_json(const ProbeOutcome& outcome) {
  ordered_json out = {{"name", outcome.name}, {"state", "failed"}, {"reason", nullptr}, {"text", ""}, {"remedy", nullptr}, {"software", nullptr}, {"versions", nullptr}, {"clock", nullptr}};
  if (!outcome.gateway) {
    out["reason"] = "not-in-table";
    out["text"] = "no line of the table has this gateway";
    return out;
  }
  if (outcome.gateway->via == table::Via::kDirect) {
    out["state"] = "not-asked";
    out["text"] = "via=direct: there is no relay to ask, and targets are left alone";
    return out;
  }
  const flow::FarAnswer& answer = outcome.answer;
  const bool unusable = answer.gateway.empty();
  const auto no = unusable ? std::optional(answer.unusable.empty() ? flow::EndReason::kShutdown : answer.unusable.back().reason) : answer.no;
  if (no) {
    const std::string& why = unusable && !answer.unusable.empty() ? answer.unusable.back().why : answer.why;
    out["reason"] = flow::name(*no);
    out["text"] = why;
    out["remedy"] = gateway_remedy(*no, outcome.name);
    return out;
  }
  out["state"] = "ok";
  if (answer.answer && !answer.answer->software.empty()) out["software"] = answer.answer->software;
  if (answer.answer && answer.answer->versions) out["versions"] = {answer.answer->versions->lowest, answer.answer->versions->highest};
  if (answer.clock) out["clock"] = {{"ahead_ms", answer.clock->ahead.count()}, {"uncertainty_ms", answer.clock->uncertainty.count()}};
  return out;
}

}  // namespace

std::expected<std::vector<std::string>, std::string> parse_probe(const std::string& line) {
  const auto object = ordered_json::parse(line, nullptr, false);
  const auto list = object.is_object() ? object.find("gateways") : object.end();
  if (!object.is_object() || list == object.end() || !list->is_array()) return std::unexpected("\"gateways\" is a list of names of the table");
  if (list->empty() || list->size() > kMostProbed) return std::unexpected(text("\"gateways\" names 1 to ", kMostProbed, " of them"));
  std::vector<std::string> names;
  for (const auto& name : *list) {
    if (!name.is_string()) return std::unexpected("\"gateways\" is a list of names of the table");
    if (std::ranges::find(names, name.get<std::string>()) != names.end()) return std::unexpected(text(name.get<std::string>(), " is named twice"));
    names.push_back(name.get<std::string>());
  }
  return names;
}

std::optional<Probed> find_gateway(const table::Table& table, const std::string& name) {
  for (const table::Route& route : table.routes())
    for (const table::GatewaySpec& spec : route.gateways)
      if (spec.to_string() == name) return Probed{spec, route.via};
  return std::nullopt;
}

std::string probe_answer(const std::vector<ProbeOutcome>& outcomes) {
  ordered_json answer = {{"v", 1}, {"ok", true}, {"gateways", ordered_json::array()}};
  for (const ProbeOutcome& outcome : outcomes) answer["gateways"].push_back(to_json(outcome));
  return answer.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace dvpn::control
