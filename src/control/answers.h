// SPDX-License-Identifier: GPL-2.0-or-later
// What the control socket answers, as JSON. Pure: from values to text. The forms are documented in dvpnd(8).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "flow/counters.h"
#include "flow/gate.h"
#include "flow/ping_front.h"
#include "flow/udp_front.h"
#include "flow/worker.h"
#include "intercept/address_sets.h"
#include "intercept/conntrack.h"

namespace dvpn::control {

/// One call: {"v":1,"call":"status"}.
struct Call {
  std::string name;
};

/// The call, or the sentence that refuses it.
std::expected<Call, std::string> parse_call(const std::string& line);

/// When a file was last read, and what was wrong the last time that it was tried.
struct FileState {
  std::string path;
  std::chrono::system_clock::time_point loaded_at;
  std::optional<std::string> error;
};

struct DaemonState {
  std::string version;
  std::chrono::seconds uptime;
  flow::SnapshotPtr snapshot;
  FileState config;
  FileState table;
  intercept::RulesState rules = intercept::RulesState::kUnknown;
  intercept::SetState sets = intercept::SetState::kOff;
  std::optional<std::string> sets_error;
  intercept::SetState stop = intercept::SetState::kOff;  ///< the routes of the second stop
  std::optional<std::string> stop_error;
  std::size_t open_flows = 0;  ///< connections
  std::size_t udp_flows = 0;
  std::uint64_t accepted = 0;  ///< flows that were let in since the start
  flow::Counters counters;
  flow::Counters refused;
  std::optional<flow::GateInfo> gate;  ///< none: connections are accepted first
  std::optional<std::string> gate_error;
  flow::UdpInfo udp;
  bool udp_carried = true;
  std::optional<std::string> udp_error;  ///< why none is carried, unless it is not wanted
  std::size_t ping_flows = 0;
  flow::PingInfo ping;
  bool ping_carried = true;
  std::optional<std::string> ping_error;
  std::uint64_t windows = 0;       ///< bytes of limits.buffers that are in use
  ProcessUse process;
  std::optional<std::string> metrics_listen;
  std::optional<std::string> web_listen;
  std::vector<gateway::Stats> gateways;  ///< one for each, all workers together
};

/// Gateways in one answer: a table may have tens of thousands.
inline constexpr std::size_t kGatewaysInStatus = 100;
inline constexpr std::size_t kGatewaysListed = 1000;

std::string status_answer(const DaemonState& state);
std::string gateways_answer(const std::vector<gateway::Stats>& gateways);
std::string redirects_answer(const std::vector<intercept::Redirected>& redirects);
std::string reload_answer(const flow::Snapshot& snapshot, const std::string& warnings);
std::string error_answer(const std::string& error);

/// Adds up what several workers know of the same gateways, by name.
std::vector<gateway::Stats> merge(std::vector<gateway::Stats> stats);

/// If there are more than `most`: those in trouble first, then those with the most flows and openings. By name.
std::vector<gateway::Stats> most_telling(std::vector<gateway::Stats> gateways, std::size_t most);

// As answers and metrics call them:
std::string_view name(gateway::Stats::State state);
std::string_view name(intercept::SetState state);
std::string_view name(intercept::RulesState state);
std::string_view name(intercept::Verdict verdict);

}  // namespace dvpn::control
