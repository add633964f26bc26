// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/json_form.h"

#include <ctime>

#include "control/answers.h"
#include "control/why.h"
#include "flow/opening.h"

namespace dvpn::control {

namespace {

/// It can be reached, and lets us do less than we would.
bool limits_us(const gateway::Failure& failure) {
  const auto* const session = std::get_if<ssh::SessionFailure>(&failure);
  return session == nullptr || session->trouble == ssh::SessionTrouble::kTurnedAway;
}

ordered_json stats_json(const gateway::Stats& stats) {
  ordered_json out = {{"name", stats.name},     {"state", name(stats.state)},     {"sessions", stats.sessions},
                      {"flows", stats.channels}, {"opens", stats.opens}, {"failures", stats.failures}};
  out["rtt_ms"] = stats.round_trip.count() > 0 ? ordered_json(milliseconds(stats.round_trip)) : ordered_json(nullptr);
  out["last_error"] = stats.last_error.empty() ? ordered_json(nullptr) : ordered_json(stats.last_error);
  out["limited"] = stats.failure && limits_us(*stats.failure);
  out["remedy"] = stats.failure ? ordered_json(gateway_remedy(flow::refusal(*stats.failure, table::Via::kRelay).reason, stats.name)) : ordered_json(nullptr);
  out["retry_in_s"] = stats.retry_in ? ordered_json(seconds(*stats.retry_in)) : ordered_json(nullptr);
  out["site"] = stats.site.empty() ? ordered_json(nullptr) : ordered_json(stats.site);
  out["bytes"] = to_json(stats.usage.bytes);
  out["rate"] = to_json(stats.usage.rate);
  out["open_ms"] = to_json(stats.usage.open_times);
  return out;
}

}  // namespace

std::string dump(const ordered_json& answer) {
  return answer.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json success() { return {{"v", kVersion}, {"ok", true}}; }

std::string timestamp(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char buffer[32];
  const std::size_t length = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(buffer, length);
}

ordered_json to_json(const gateway::Traffic& traffic) { return {{"up", traffic.up}, {"down", traffic.down}}; }

ordered_json to_json(const gateway::OpenTimes& times) {
  if (times.count() == 0) return nullptr;
  return {{"p50", milliseconds(times.quantile(0.5))}, {"p90", milliseconds(times.quantile(0.9))}, {"p99", milliseconds(times.quantile(0.99))}};
}

ordered_json to_json(const std::vector<gateway::Stats>& gateways) {
  ordered_json list = ordered_json::array();
  for (const gateway::Stats& stats : gateways) list.push_back(stats_json(stats));
  return list;
}

}  // namespace dvpn::control
