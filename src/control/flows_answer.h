// SPDX-License-Identifier: GPL-2.0-or-later
// The call `flows` and its answer: {"v":1,"call":"flows","filter":{"from":"10.0.31.0/24","to":"10.0.33.9","port":445,
// "gateway":"friday","protocol":"tcp","state":"open"},"sort":"rate","limit":50}; all but the first two may be missing. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "flow/flow_query.h"

namespace dvpn::control {

/// Flows in one answer, unless the call has a limit, and at most.
inline constexpr std::size_t kFlowsListed = 1000;
inline constexpr std::size_t kMostFlowsListed = 10'000;

/// The call, or the sentence that refuses it.
std::expected<flow::FlowQuery, std::string> parse_flow_query(const std::string& line);

/// The query behind /flows.json?sort=rate&limit=100&from=10.0.31.0/24, as the call `flows` has it; or why it is none.
std::expected<flow::FlowQuery, std::string> flow_query(const std::string& query);

/// One word of a query, as the command line and the status page have it: key "from", "to", "port", "gateway", "protocol", "state",
/// "sort" or "limit". Says why it cannot be.
std::expected<void, std::string> set_word(flow::FlowQuery& query, std::string_view key, const std::string& value);

/// The answer, made piece by piece: thousands of flows take longer than the front thread should be away.
class FlowsAnswer {
 public:
  explicit FlowsAnswer(const flow::FlowList& list);
  void add(const flow::FlowInfo& flow);
  /// The whole. Call once, last.
  std::string finish();

 private:
  std::string text_;
  bool first_ = true;
};

/// At one go.
std::string flows_answer(const flow::FlowList& list);

}  // namespace dvpn::control
