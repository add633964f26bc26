// SPDX-License-Identifier: GPL-2.0-or-later
// The answer to `status`: everything at a glance.
#include <unistd.h>

#include <array>

#include "control/answers.h"
#include "control/json_form.h"

namespace dvpn::control {

namespace {

ordered_json to_json(const FileState& file) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - file.loaded_at);
  return {{"path", file.path}, {"loaded_at", timestamp(file.loaded_at)}, {"age_s", age.count()}, {"error", or_null(file.error)}};
}

ordered_json to_json(const ssh::PrivateKey& key) {
  ordered_json out = {{"path", key.path}, {"type", key.type}, {"fingerprint", key.fingerprint}, {"certificate", nullptr}};
  if (!key.certified) return out;
  const ssh::Certificate& certificate = key.certified->certificate;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  out["certificate"] = {{"id", certificate.id},
                        {"state", ssh::name(ssh::validity(certificate, now))},
                        {"from", timestamp(certificate.from)},
                        {"to", certificate.to ? ordered_json(timestamp(*certificate.to)) : ordered_json(nullptr)}};
  return out;
}

ordered_json reasons(const flow::Counters& counters) {
  ordered_json out = ordered_json::object();
  for (std::size_t i = 0; i < flow::kEndReasons; ++i)
    if (counters.ended[i] > 0) out[std::string(flow::name(static_cast<flow::EndReason>(i)))] = counters.ended[i];
  return out;
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
  answer["keys"] = ordered_json::array();
  if (const auto& settings = state.snapshot->gateways; settings && settings->keys)
    for (const ssh::PrivateKey& key : *settings->keys) answer["keys"].push_back(to_json(key));
  answer["rules"] = {{"state", name(state.rules)}};
  answer["sets"] = {{"state", name(state.sets)}, {"error", or_null(state.sets_error)}};
  answer["stop"] = {{"state", name(state.stop)}, {"error", or_null(state.stop_error)}};
  answer["flows"] = {{"open", state.open_flows},
                     {"total", state.accepted},
                     {"refused", state.refused.total()},
                     {"limit", state.snapshot->config.limits.flows}};
  flow::Counters all = state.counters;
  all += state.refused;
  answer["ended"] = reasons(all);
  answer["bytes"] = {{"up", all.bytes_up}, {"down", all.bytes_down}};
  gateway::Usage usage;
  std::size_t sessions = 0;
  for (const gateway::Stats& stats : state.gateways) {
    sessions += stats.sessions;
    usage += stats.usage;
  }
  answer["rate"] = to_json(usage.rate);
  answer["open_ms"] = to_json(usage.open_times);
  if (state.gate)
    answer["gate"] = to_json(*state.gate, state.snapshot->config.limits.held);
  else
    answer["gate"] = {{"mode", "accept-first"}, {"error", or_null(state.gate_error)}};
  answer["udp"] = udp_json(state, all.udp);
  answer["ping"] = ping_json(state, all.ping);
  answer["metrics"] = {{"listen", or_null(state.metrics_listen)}};
  answer["web"] = {{"listen", or_null(state.web_listen)}};
  answer["memory"] = {{"resident", state.process.resident},
                      {"windows", state.windows},
                      {"windows_limit", state.snapshot->config.limits.buffers}};
  answer["sessions"] = sessions;
  const std::vector<gateway::Stats> shown = most_telling(state.gateways, kGatewaysInStatus);
  answer["gateways_left_out"] = state.gateways.size() - shown.size();
  answer["gateways"] = to_json(shown);
  return dump(answer);
}

}  // namespace dvpn::control
