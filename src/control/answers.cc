// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/answers.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace dvpn::control {

namespace {

using nlohmann::ordered_json;

constexpr int kVersion = 1;

/// Names and errors may hold bytes that a remote party chose: what is not UTF-8 is replaced, not thrown over.
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

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

double seconds(std::chrono::milliseconds duration) { return static_cast<double>(duration.count()) / 1000.0; }

std::string_view name(gateway::Stats::State state) {
  constexpr std::array<std::string_view, 6> kNames = {"idle", "connecting", "up", "silent", "backoff", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name(intercept::SetState state) {
  constexpr std::array<std::string_view, 4> kNames = {"off", "absent", "synced", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name(table::Via via) { return via == table::Via::kRelay ? "relay" : "direct"; }

ordered_json to_json(const gateway::Stats& stats) {
  ordered_json out = {{"name", stats.name},     {"state", name(stats.state)},     {"sessions", stats.sessions},
                      {"flows", stats.channels}, {"opens", stats.opens}, {"failures", stats.failures}};
  out["rtt_ms"] = stats.round_trip.count() > 0 ? ordered_json(static_cast<double>(stats.round_trip.count()) / 1000.0) : ordered_json(nullptr);
  out["last_error"] = stats.last_error.empty() ? ordered_json(nullptr) : ordered_json(stats.last_error);
  out["retry_in_s"] = stats.retry_in ? ordered_json(seconds(*stats.retry_in)) : ordered_json(nullptr);
  return out;
}

ordered_json to_json(const std::vector<gateway::Stats>& gateways) {
  ordered_json list = ordered_json::array();
  for (const gateway::Stats& stats : gateways) list.push_back(to_json(stats));
  return list;
}

ordered_json to_json(const FileState& file) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - file.loaded_at);
  return {{"path", file.path}, {"loaded_at", timestamp(file.loaded_at)}, {"age_s", age.count()}, {"error", or_null(file.error)}};
}

ordered_json reasons(const flow::Counters& counters) {
  ordered_json out = ordered_json::object();
  for (std::size_t i = 0; i < flow::kEndReasons; ++i)
    if (counters.ended[i] > 0) out[std::string(flow::name(static_cast<flow::EndReason>(i)))] = counters.ended[i];
  return out;
}

std::string_view name(intercept::Verdict verdict) {
  constexpr std::array<std::string_view, intercept::kVerdicts> kNames = {"pass", "reset", "host-unreachable", "network-unreachable",
                                                                         "prohibited", "silence"};
  return kNames[static_cast<std::size_t>(verdict)];
}

ordered_json to_json(const flow::GateInfo& gate, std::size_t limit) {
  ordered_json verdicts = ordered_json::object();
  for (std::size_t i = 0; i < intercept::kVerdicts; ++i)
    verdicts[std::string(name(static_cast<intercept::Verdict>(i)))] = gate.verdicts[i];
  return {{"mode", "hold"},
          {"error", nullptr},
          {"held", gate.held},
          {"limit", limit},
          {"waiting", gate.waiting},
          {"verdicts", verdicts},
          {"copies", gate.copies},
          {"remembered", gate.remembered},
          {"over_limit", gate.over_limit},
          {"over_client_limit", gate.over_client_limit},
          {"client_gone", gate.client_gone},
          {"bypassed", gate.bypassed},
          {"not_understood", gate.not_understood}};
}

ordered_json udp_json(const DaemonState& state, const flow::DatagramCounts& count) {
  return {{"carried", state.udp_carried},
          {"error", or_null(state.udp_error)},
          {"flows", state.udp_flows},
          {"limit", state.snapshot->config.limits.udp_flows},
          {"up", count.up},
          {"down", count.down},
          {"dropped_up", count.dropped_up},
          {"dropped_down", count.dropped_down},
          {"late", state.udp.late},
          {"unreachable", count.unreachable},
          {"remembered", state.udp.remembered},
          {"told", state.udp.told},
          {"not_understood", state.udp.not_understood}};
}

ordered_json ping_json(const DaemonState& state, const flow::DatagramCounts& count) {
  return {{"carried", state.ping_carried},
          {"error", or_null(state.ping_error)},
          {"flows", state.ping_flows},
          {"limit", state.snapshot->config.limits.ping_flows},
          {"up", count.up},
          {"down", count.down},
          {"dropped_up", count.dropped_up + state.ping.dropped},
          {"dropped_down", count.dropped_down},
          {"unreachable", count.unreachable},
          {"unanswered", count.unanswered},
          {"remembered", state.ping.remembered},
          {"too_long", state.ping.too_long},
          {"not_understood", state.ping.not_understood}};
}

}  // namespace

std::expected<Call, std::string> parse_call(const std::string& line) {
  const auto call = ordered_json::parse(line, nullptr, false);
  if (!call.is_object()) return std::unexpected("not a JSON object on one line");
  const auto version = call.find("v");
  if (version == call.end() || *version != kVersion) return std::unexpected(text("\"v\" must be ", kVersion));
  const auto name = call.find("call");
  if (name == call.end() || !name->is_string()) return std::unexpected("\"call\" is missing");
  return Call{name->get<std::string>()};
}

std::string status_answer(const DaemonState& state) {
  ordered_json answer = success();
  answer["version"] = state.version;
  answer["pid"] = ::getpid();
  answer["uptime_s"] = state.uptime.count();
  answer["site"] = ordered_json::array();
  for (const net::Prefix& network : state.snapshot->config.site.networks) answer["site"].push_back(network.to_string());
  answer["table"] = to_json(state.table);
  answer["table"]["routes"] = state.snapshot->table.routes().size();
  answer["table"]["prefixes"] = state.snapshot->table.prefixes().size();
  answer["config"] = to_json(state.config);
  answer["sets"] = {{"state", name(state.sets)}, {"error", or_null(state.sets_error)}};
  answer["flows"] = {{"open", state.open_flows},
                     {"total", state.accepted},
                     {"refused", state.refused.total()},
                     {"limit", state.snapshot->config.limits.flows}};
  flow::Counters all = state.counters;
  all += state.refused;
  answer["ended"] = reasons(all);
  answer["bytes"] = {{"up", all.bytes_up}, {"down", all.bytes_down}};
  if (state.gate)
    answer["gate"] = to_json(*state.gate, state.snapshot->config.limits.held);
  else
    answer["gate"] = {{"mode", "accept-first"}, {"error", or_null(state.gate_error)}};
  answer["udp"] = udp_json(state, all.udp);
  answer["ping"] = ping_json(state, all.ping);
  std::size_t sessions = 0;
  for (const gateway::Stats& stats : state.gateways) sessions += stats.sessions;
  answer["sessions"] = sessions;
  answer["gateways"] = to_json(state.gateways);
  return dump(answer);
}

std::string gateways_answer(const std::vector<gateway::Stats>& gateways) {
  ordered_json answer = success();
  answer["gateways"] = to_json(gateways);
  return dump(answer);
}

std::string flows_answer(const std::vector<flow::FlowInfo>& flows) {
  ordered_json answer = success();
  ordered_json& list = answer["flows"] = ordered_json::array();
  for (const flow::FlowInfo& flow : flows) {
    const char* const state = !flow.open ? "opening" : flow.half_closed ? "closing" : "open";
    list.push_back({{"id", flow.id},
                    {"protocol", name(flow.protocol)},
                    {"client", to_text(flow.protocol, flow.client)},
                    {"destination", to_text(flow.protocol, flow.destination)},
                    {"gateway", flow.gateway},
                    {"via", name(flow.via)},
                    {"state", state},
                    {"age_s", seconds(flow.age)},
                    {"up", flow.bytes_up},
                    {"down", flow.bytes_down}});
  }
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
    if (all.round_trip.count() == 0 || (one.round_trip.count() > 0 && one.round_trip < all.round_trip)) all.round_trip = one.round_trip;
    if (all.last_error.empty()) all.last_error = one.last_error;
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

}  // namespace dvpn::control
