// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/answers.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "base/text.h"
#include "control/json_form.h"

namespace dvpn::control {

std::string_view name(gateway::Stats::State state) {
  constexpr std::array<std::string_view, 6> kNames = {"idle", "connecting", "up", "silent", "backoff", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name(intercept::SetState state) {
  constexpr std::array<std::string_view, 4> kNames = {"off", "absent", "synced", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name(intercept::RulesState state) {
  constexpr std::array<std::string_view, 3> kNames = {"unknown", "absent", "in-place"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name(intercept::Verdict verdict) {
  constexpr std::array<std::string_view, intercept::kVerdicts> kNames = {"pass", "reset", "host-unreachable", "network-unreachable",
                                                                         "prohibited", "silence"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::expected<Call, std::string> parse_call(const std::string& line) {
  const auto call = ordered_json::parse(line, nullptr, false);
  if (!call.is_object()) return std::unexpected("not a JSON object on one line");
  const auto version = call.find("v");
  if (version == call.end() || *version != kVersion) return std::unexpected(text("\"v\" must be ", kVersion));
  const auto name = call.find("call");
  if (name == call.end() || !name->is_string()) return std::unexpected("\"call\" is missing");
  return Call{name->get<std::string>()};
}

std::string gateways_answer(const std::vector<gateway::Stats>& gateways) {
  const std::vector<gateway::Stats> shown = most_telling(gateways, kGatewaysListed);
  ordered_json answer = success();
  answer["total"] = gateways.size();
  answer["left_out"] = gateways.size() - shown.size();
  answer["gateways"] = to_json(shown);
  return dump(answer);
}

std::string redirects_answer(const std::vector<intercept::Redirected>& redirects) {
  ordered_json answer = success();
  ordered_json& list = answer["redirects"] = ordered_json::array();
  for (const intercept::Redirected& entry : redirects)
    list.push_back({{"client", entry.client.to_string()}, {"destination", entry.destination.to_string()}, {"state", entry.state}});
  return dump(answer);
}

std::string reload_answer(const flow::Snapshot& snapshot, const std::string& warnings) {
  ordered_json answer = success();
  answer["table_routes"] = snapshot.table.routes().size();
  answer["warnings"] = warnings;
  return dump(answer);
}

std::string error_answer(const std::string& error) { return dump({{"v", kVersion}, {"ok", false}, {"error", error}}); }

std::vector<gateway::Stats> merge(std::vector<gateway::Stats> stats) {
  std::map<std::string, gateway::Stats> merged;
  for (gateway::Stats& one : stats) {
    auto [at, added] = merged.try_emplace(one.name, one);
    if (added) continue;
    gateway::Stats& all = at->second;
    all.sessions += one.sessions;
    all.channels += one.channels;
    all.opens += one.opens;
    all.failures += one.failures;
    all.usage += one.usage;
    if (all.round_trip.count() == 0 || (one.round_trip.count() > 0 && one.round_trip < all.round_trip)) all.round_trip = one.round_trip;
    if (all.last_error.empty()) {
      all.last_error = one.last_error;
      all.failure = one.failure;
    }
    if (one.retry_in) all.retry_in = all.retry_in ? std::min(*all.retry_in, *one.retry_in) : one.retry_in;
    // A worker that is up counts more than one that is trying, and trouble more than rest.
    constexpr std::array<int, 6> kRank = {0, 4, 5, 3, 1, 2};
    const auto rank = [&](gateway::Stats::State state) { return kRank[static_cast<std::size_t>(state)]; };
    if (rank(one.state) > rank(all.state)) all.state = one.state;
  }
  std::vector<gateway::Stats> out;
  for (auto& [name, one] : merged) out.push_back(std::move(one));
  return out;
}

std::vector<gateway::Stats> most_telling(std::vector<gateway::Stats> gateways, std::size_t most) {
  if (gateways.size() <= most) return gateways;
  const auto tells = [](const gateway::Stats& stats) {
    constexpr std::array<int, 6> kRank = {5, 3, 4, 2, 1, 0};  // trouble, attempts, sessions, rest
    return std::tuple(kRank[static_cast<std::size_t>(stats.state)], UINT64_MAX - stats.channels, UINT64_MAX - stats.opens);
  };
  std::ranges::stable_sort(gateways, {}, tells);
  gateways.erase(gateways.begin() + static_cast<std::ptrdiff_t>(most), gateways.end());
  std::ranges::sort(gateways, {}, &gateway::Stats::name);
  return gateways;
}

}  // namespace dvpn::control
