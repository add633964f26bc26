// SPDX-License-Identifier: GPL-2.0-or-later
// A question about live flows: which, in what order, how many. Answered on the worker's thread, so that no more than was asked for
// is ever copied or sent: flows may be tens of thousands.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flow/protocol.h"
#include "gateway/usage.h"
#include "net/address.h"
#include "table/table.h"

namespace dvpn::flow {

struct Flow;

enum class FlowState : std::uint8_t { kOpening, kOpen, kClosing };
inline constexpr std::size_t kFlowStates = 3;
/// "opening", "open", "closing": one half has ended.
std::string_view name(FlowState state);

/// What all of its conditions hold for.
struct FlowFilter {
  std::optional<net::Prefix> from{};  ///< the client
  std::optional<net::Prefix> to{};    ///< the destination, as the client asked for it
  std::optional<net::Port> port{};    ///< of the destination
  std::string gateway{};              ///< as the table writes it, its host alone, or a name in the line of the table
  std::optional<Protocol> protocol{};
  std::optional<FlowState> state{};

  bool matches(const Flow& flow) const;
};

enum class FlowOrder : std::uint8_t {
  kId,     ///< the oldest first
  kAge,    ///< the youngest first
  kBytes,  ///< the most first, both ways together
  kRate,   ///< the fastest first
};

struct FlowQuery {
  FlowFilter filter{};
  FlowOrder order = FlowOrder::kId;
  std::size_t limit = 1000;
};

/// A live flow, as the operator sees it.
struct FlowInfo {
  std::uint64_t id;
  Protocol protocol;
  net::Endpoint client;
  net::Endpoint destination;
  std::optional<net::Endpoint> target{};  ///< what the far side was asked for, if that is not the destination
  std::string gateway;
  table::Via via;
  FlowState state;
  std::chrono::milliseconds age;
  gateway::Traffic bytes;
  gateway::Traffic rate{};
};

struct FlowList {
  std::size_t total = 0;          ///< flows that match
  std::vector<FlowInfo> flows{};  ///< the first of them, in the order that was asked for
};

FlowState state_of(const Flow& flow);

FlowList select(const std::map<std::uint64_t, Flow*>& flows, const FlowQuery& query);

/// The answer to a query of several workers' answers.
FlowList merge(std::vector<FlowList> lists, const FlowQuery& query);

}  // namespace dvpn::flow
