// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/flow_query.h"

#include <algorithm>
#include <array>

#include "flow/flow.h"

namespace dvpn::flow {

namespace {

bool named(const table::Route& route, std::string_view gateway, std::string_view wanted) {
  for (const table::GatewaySpec& spec : route.gateways)
    if (spec.host == wanted && spec.to_string() == gateway) return true;
  return std::ranges::any_of(route.names, [wanted](std::string_view name) { return name == wanted; });
}

/// What a flow is sorted by: the smallest first. The number makes it unambiguous.
struct Key {
  std::uint64_t weight;
  std::uint64_t id;
  auto operator<=>(const Key&) const = default;
};

Key key(FlowOrder order, std::uint64_t id, const gateway::Traffic& bytes, const gateway::Traffic& rate) {
  switch (order) {
    case FlowOrder::kId: return {0, id};
    case FlowOrder::kAge: return {UINT64_MAX - id, id};  // numbers are given in the order in which flows begin
    case FlowOrder::kBytes: return {UINT64_MAX - bytes.up - bytes.down, id};
    case FlowOrder::kRate: return {UINT64_MAX - rate.up - rate.down, id};
  }
  return {0, id};
}

FlowInfo info_of(const Flow& flow, Flow::Clock::time_point now) {
  FlowInfo info{.id = flow.id,
                .protocol = flow.protocol,
                .client = flow.client,
                .destination = flow.destination,
                .gateway = flow.gateway,
                .via = flow.route->via,
                .state = state_of(flow),
                .age = std::chrono::duration_cast<std::chrono::milliseconds>(now - flow.begun),
                .bytes = {flow.bytes_up, flow.bytes_down},
                .rate = flow.pace.rate()};
  if (flow.route->map) info.target = target_of(flow);
  return info;
}

}  // namespace

std::string_view name(FlowState state) {
  constexpr std::array<std::string_view, kFlowStates> kNames = {"opening", "open", "closing"};
  return kNames[static_cast<std::size_t>(state)];
}

FlowState state_of(const Flow& flow) {
  const bool open = flow.opened != Flow::Clock::time_point{} && (flow.datagrams || flow.socket.is_open());
  if (!open) return FlowState::kOpening;
  return flow.up_finished || flow.down_finished ? FlowState::kClosing : FlowState::kOpen;
}

bool FlowFilter::matches(const Flow& flow) const {
  if (from && !from->contains(flow.client.address)) return false;
  if (to && !to->contains(flow.destination.address)) return false;
  if (port && *port != flow.destination.port) return false;
  if (protocol && *protocol != flow.protocol) return false;
  if (state && *state != state_of(flow)) return false;
  return gateway.empty() || gateway == flow.gateway || named(*flow.route, flow.gateway, gateway);
}

FlowList select(const std::map<std::uint64_t, Flow*>& flows, const FlowQuery& query) {
  FlowList list;
  std::vector<std::pair<Key, const Flow*>> found;
  for (const auto& [id, flow] : flows)
    if (query.filter.matches(*flow)) found.emplace_back(key(query.order, id, {flow->bytes_up, flow->bytes_down}, flow->pace.rate()), flow);
  list.total = found.size();
  const std::size_t count = std::min(query.limit, found.size());
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(count);
  std::ranges::partial_sort(found, end, {}, [](const auto& pair) { return pair.first; });
  const auto now = Flow::Clock::now();
  list.flows.reserve(count);
  for (auto at = found.begin(); at != end; ++at) list.flows.push_back(info_of(*at->second, now));
  return list;
}

FlowList merge(std::vector<FlowList> lists, const FlowQuery& query) {
  FlowList all;
  std::vector<std::pair<Key, FlowInfo*>> found;
  for (FlowList& list : lists) {
    all.total += list.total;
    for (FlowInfo& info : list.flows) found.emplace_back(key(query.order, info.id, info.bytes, info.rate), &info);
  }
  std::ranges::sort(found, {}, [](const auto& pair) { return pair.first; });
  for (const auto& [weight, info] : found) {
    if (all.flows.size() >= query.limit) break;
    all.flows.push_back(std::move(*info));
  }
  return all;
}

}  // namespace dvpn::flow
