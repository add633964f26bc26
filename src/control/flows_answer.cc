// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/flows_answer.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/units.h"
#include "control/http_rules.h"
#include "control/json_form.h"

namespace dvpn::control {

namespace {

constexpr std::size_t kMostWords = 16;  // of a query

std::string_view via_name(table::Via via) { return via == table::Via::kRelay ? "relay" : "direct"; }

std::unexpected<std::string> no(std::string_view key, const std::string& value, std::string_view what) {
  return std::unexpected(text(key, ": '", value, "' is ", what));
}

/// Puts the enumerator whose name is `value` into `out`.
template <class Enum, class Out, std::size_t kCount>
bool by_name(const std::array<std::string_view, kCount>& names, const std::string& value, Out& out) {
  const auto found = std::ranges::find(names, value);
  if (found != names.end()) out = static_cast<Enum>(found - names.begin());
  return found != names.end();
}

std::expected<void, std::string> set_number(flow::FlowQuery& query, std::string_view key, const std::string& value) {
  const bool is_port = key == "port";
  const std::uint64_t most = is_port ? 65535 : kMostFlowsListed;
  const auto number = parse_unsigned(value, most);
  if (!number || *number == 0) return no(key, value, text("no number from 1 to ", most));
  if (is_port)
    query.filter.port = static_cast<net::Port>(*number);
  else
    query.limit = static_cast<std::size_t>(*number);
  return {};
}

}  // namespace

std::expected<void, std::string> set_word(flow::FlowQuery& query, std::string_view key, const std::string& value) {
  flow::FlowFilter& filter = query.filter;
  if (key == "from" || key == "to") {
    const auto prefix = net::Prefix::parse(value);
    if (!prefix) return no(key, value, "no address, and no prefix without host bits, like 10.0.31.0/24");
    (key == "from" ? filter.from : filter.to) = prefix;
    return {};
  }
  if (key == "port" || key == "limit") return set_number(query, key, value);
  if (key == "gateway") {
    filter.gateway = value;
    return {};
  }
  constexpr std::array<std::string_view, flow::kProtocols> kProtocolNames = {
      flow::name(flow::Protocol::kTcp), flow::name(flow::Protocol::kUdp), flow::name(flow::Protocol::kPing)};
  constexpr std::array<std::string_view, flow::kFlowStates> kStates = {"opening", "open", "closing"};
  constexpr std::array<std::string_view, 4> kOrders = {"id", "age", "bytes", "rate"};
  if (key == "protocol") {
    if (!by_name<flow::Protocol>(kProtocolNames, value, filter.protocol)) return no(key, value, "none of tcp, udp and ping");
    return {};
  }
  if (key == "state") {
    if (!by_name<flow::FlowState>(kStates, value, filter.state)) return no(key, value, "none of opening, open and closing");
    return {};
  }
  if (key == "sort") {
    if (!by_name<flow::FlowOrder>(kOrders, value, query.order)) return no(key, value, "none of id, age, bytes and rate");
    return {};
  }
  return std::unexpected(text("\"", key, "\" is not known: from, to, port, gateway, protocol, state, sort or limit"));
}

std::expected<flow::FlowQuery, std::string> parse_flow_query(const std::string& line) {
  const auto call = ordered_json::parse(line, nullptr, false);
  if (!call.is_object()) return std::unexpected("not a JSON object on one line");
  flow::FlowQuery query{.limit = kFlowsListed};
  const auto set = [&query](const std::string& key, const ordered_json& value) -> std::expected<void, std::string> {
    if (value.is_string()) return set_word(query, key, value.get<std::string>());
    if (value.is_number_unsigned()) return set_word(query, key, value.dump());
    return std::unexpected(text("\"", key, "\" has no value of its kind"));
  };
  for (const auto& [key, value] : call.items()) {
    if (key == "v" || key == "call") continue;
    if (key == "filter" && value.is_object()) {
      for (const auto& [word, of] : value.items())
        if (const auto done = set(word, of); !done) return std::unexpected(done.error());
    } else if (const auto done = set(key, value); !done) {
      return std::unexpected(done.error());
    }
  }
  return query;
}

std::expected<flow::FlowQuery, std::string> flow_query(const std::string& query) {
  flow::FlowQuery out{.limit = kFlowsListed};
  for (const auto& [key, value] : query_words(query, kMostWords))
    if (const auto done = set_word(out, key, value); !done) return std::unexpected(done.error());
  return out;
}

FlowsAnswer::FlowsAnswer(const flow::FlowList& list) {
  ordered_json head = success();
  head["total"] = list.total;
  head["left_out"] = list.total - std::min(list.total, list.flows.size());
  text_ = dump(head);
  text_.back() = ',';  // in the place of the brace
  text_ += "\"flows\":[";
}

void FlowsAnswer::add(const flow::FlowInfo& flow) {
  if (!first_) text_ += ',';
  first_ = false;
  text_ += dump({{"id", flow.id},
                 {"protocol", name(flow.protocol)},
                 {"client", to_text(flow.protocol, flow.client)},
                 {"destination", to_text(flow.protocol, flow.destination)},
                 {"target", flow.target ? ordered_json(to_text(flow.protocol, *flow.target)) : ordered_json(nullptr)},
                 {"gateway", flow.gateway},
                 {"via", via_name(flow.via)},
                 {"state", name(flow.state)},
                 {"age_s", seconds(flow.age)},
                 {"up", flow.bytes.up},
                 {"down", flow.bytes.down},
                 {"rate_up", flow.rate.up},
                 {"rate_down", flow.rate.down}});
}

std::string FlowsAnswer::finish() { return std::move(text_) + "]}"; }

std::string flows_answer(const flow::FlowList& list) {
  FlowsAnswer answer(list);
  for (const flow::FlowInfo& flow : list.flows) answer.add(flow);
  return answer.finish();
}

}  // namespace dvpn::control
