// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/metrics.h"

#include <array>

#include "control/metrics_text.h"

namespace dvpn::control {

namespace {

double in_seconds(auto duration) { return std::chrono::duration<double>(duration).count(); }
double timestamp_of(std::chrono::system_clock::time_point time) {
  return in_seconds(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()));
}

void add_process(MetricsText& out, const DaemonState& state) {
  out.gauge("dvpn_build_info", "Always 1; the version stands in the label.");
  out.sample({{"version", state.version}}, 1);
  out.one("process_start_time_seconds", "gauge", "When the daemon was started.", timestamp_of(state.process.started_at));
  out.one("process_cpu_seconds_total", "counter", "Processor time of all threads.", in_seconds(state.process.cpu));
  out.one("process_resident_memory_bytes", "gauge", "Memory in use.", state.process.resident);
  out.one("dvpn_window_bytes", "gauge", "Of limits.buffers in use for receive windows.", state.windows);
  out.one("dvpn_window_limit_bytes", "gauge", "limits.buffers.", state.snapshot->config.limits.buffers);
}

void add_health(MetricsText& out, const DaemonState& state) {
  out.gauge("dvpn_file_error", "1 while the file on the disk has mistakes and is not in use.");
  out.sample({{"file", "table"}}, state.table.error ? 1 : 0);
  out.sample({{"file", "config"}}, state.config.error ? 1 : 0);
  out.one("dvpn_table_loaded_timestamp_seconds", "gauge", "When the table in use was read.", timestamp_of(state.table.loaded_at));
  out.one("dvpn_table_routes", "gauge", "Lines with a route in the table.", state.snapshot->table.routes().size());
  out.one("dvpn_table_prefixes", "gauge", "Prefixes in the table.", state.snapshot->table.prefixes().size());
  out.gauge("dvpn_rules_state", "1 for the state that the firewall's rules are in, by what the kernel knows of their sets.");
  for (const auto one : {intercept::RulesState::kInPlace, intercept::RulesState::kAbsent, intercept::RulesState::kUnknown})
    out.sample({{"state", name(one)}}, one == state.rules ? 1 : 0);
  out.gauge("dvpn_sets_state", "1 for the state that the address sets of the rules are in.");
  for (const auto one : {intercept::SetState::kSynced, intercept::SetState::kAbsent, intercept::SetState::kFailed, intercept::SetState::kOff})
    out.sample({{"state", name(one)}}, one == state.sets ? 1 : 0);
  out.gauge("dvpn_stop_state", "1 for the state that the routes are in which stop what the rules let pass.");
  for (const auto one : {intercept::SetState::kSynced, intercept::SetState::kAbsent, intercept::SetState::kFailed, intercept::SetState::kOff})
    out.sample({{"state", name(one)}}, one == state.stop ? 1 : 0);
}

void add_flows(MetricsText& out, const DaemonState& state) {
  const config::DaemonConfig::Limits& limits = state.snapshot->config.limits;
  out.gauge("dvpn_flows", "Flows that are open or opening.");
  out.sample({{"protocol", "tcp"}}, state.open_flows);
  out.sample({{"protocol", "udp"}}, state.udp_flows);
  out.sample({{"protocol", "ping"}}, state.ping_flows);
  out.gauge("dvpn_flows_limit", "limits.flows, limits.udp_flows and limits.ping_flows.");
  out.sample({{"protocol", "tcp"}}, limits.flows);
  out.sample({{"protocol", "udp"}}, limits.udp_flows);
  out.sample({{"protocol", "ping"}}, limits.ping_flows);
  out.one("dvpn_flows_accepted_total", "counter", "Flows that were let in.", state.accepted);
  flow::Counters all = state.counters;
  all += state.refused;
  out.counter("dvpn_flows_ended_total", "Flows that ended, by reason; those that were never let in as well.");
  for (std::size_t i = 0; i < flow::kEndReasons; ++i)
    out.sample({{"reason", flow::name(static_cast<flow::EndReason>(i))}}, all.ended[i]);
  out.counter("dvpn_bytes_total", "Payload, up to targets and down to clients.");
  out.sample({{"direction", "up"}}, all.bytes_up);
  out.sample({{"direction", "down"}}, all.bytes_down);
  out.counter("dvpn_datagrams_total", "Datagrams that were passed on.");
  out.sample({{"direction", "up"}}, all.udp.up);
  out.sample({{"direction", "down"}}, all.udp.down);
  out.counter("dvpn_datagrams_dropped_total", "Datagrams that were dropped: the channel or the client was behind, or their flow just ended.");
  out.sample({{"direction", "up"}, {"cause", "channel"}}, all.udp.dropped_up);
  out.sample({{"direction", "up"}, {"cause", "ended"}}, state.udp.late);
  out.sample({{"direction", "down"}, {"cause", "client"}}, all.udp.dropped_down);
  out.one("dvpn_datagrams_unreachable_total", "counter", "Errors that the far side sent for datagrams.", all.udp.unreachable);
  out.counter("dvpn_pings_total", "Pings that were passed on, and their answers.");
  out.sample({{"direction", "up"}}, all.ping.up);
  out.sample({{"direction", "down"}}, all.ping.down);
  out.counter("dvpn_pings_dropped_total", "Pings and answers that were dropped.");
  out.sample({{"direction", "up"}}, all.ping.dropped_up + state.ping.dropped);
  out.sample({{"direction", "down"}}, all.ping.dropped_down);
  out.one("dvpn_pings_unanswered_total", "counter", "Pings without an answer.", all.ping.unanswered);
  out.one("dvpn_pings_unreachable_total", "counter", "Errors that the far side sent for pings.", all.ping.unreachable);
}

void add_gate(MetricsText& out, const DaemonState& state) {
  const flow::GateInfo gate = state.gate.value_or(flow::GateInfo{});
  out.one("dvpn_gate_enabled", "gauge", "1 while first packets are held.", state.gate ? 1 : 0);
  out.one("dvpn_gate_held", "gauge", "First packets that wait for the far side.", gate.held);
  out.one("dvpn_gate_held_limit", "gauge", "limits.held.", state.snapshot->config.limits.held);
  out.one("dvpn_gate_waiting", "gauge", "Flows that wait for their client.", gate.waiting);
  out.counter("dvpn_gate_verdicts_total", "What hosts were told whose first packet was held.");
  for (std::size_t i = 0; i < intercept::kVerdicts; ++i)
    out.sample({{"verdict", name(static_cast<intercept::Verdict>(i))}}, gate.verdicts[i]);
  out.one("dvpn_gate_copies_total", "counter", "First packets that hosts sent again.", gate.copies);
  out.one("dvpn_gate_remembered_total", "counter", "Refusals that were repeated from memory.", gate.remembered);
  out.counter("dvpn_gate_over_limit_total", "First packets beyond a limit.");
  out.sample({{"limit", "held"}}, gate.over_limit);
  out.sample({{"limit", "held_per_client"}}, gate.over_client_limit);
  out.one("dvpn_gate_client_gone_total", "counter", "Flows that were opened for clients that gave up.", gate.client_gone);
  out.one("dvpn_gate_bypassed_total", "counter", "Connections that came past the gate.", gate.bypassed);
  out.one("dvpn_gate_not_understood_total", "counter", "Packets in the gate's queue that were no first packets.", gate.not_understood);
}

void add_gateways(MetricsText& out, const DaemonState& state) {
  const std::vector<gateway::Stats> shown = most_telling(state.gateways, state.snapshot->config.metrics.gateways);
  out.one("dvpn_gateways", "gauge", "Gateways that have been used.", state.gateways.size());
  out.one("dvpn_gateways_left_out", "gauge", "Of these, those without metrics of their own (metrics.gateways).", state.gateways.size() - shown.size());
  const auto each = [&](const auto& value) {
    for (const gateway::Stats& stats : shown) value(stats);
  };
  out.gauge("dvpn_gateway_up", "1 while there is a session.");
  each([&](const auto& stats) { out.sample({{"gateway", stats.name}}, stats.state == gateway::Stats::State::kUp ? 1 : 0); });
  out.gauge("dvpn_gateway_down", "1 while no session can be had, or none answers.");
  each([&](const auto& stats) {
    using State = gateway::Stats::State;
    const bool down = stats.state == State::kFailed || stats.state == State::kBackoff || stats.state == State::kSilent;
    out.sample({{"gateway", stats.name}}, down ? 1 : 0);
  });
  out.gauge("dvpn_gateway_sessions", "SSH sessions.");
  each([&](const auto& stats) { out.sample({{"gateway", stats.name}}, stats.sessions); });
  out.gauge("dvpn_gateway_flows", "Flows.");
  each([&](const auto& stats) { out.sample({{"gateway", stats.name}}, stats.channels); });
  out.gauge("dvpn_gateway_round_trip_seconds", "The shortest round trip of late; 0 if it is not known.");
  each([&](const auto& stats) { out.sample({{"gateway", stats.name}}, in_seconds(stats.round_trip)); });
  out.counter("dvpn_gateway_opens_total", "Channels that were opened.");
  each([&](const auto& stats) { out.sample({{"gateway", stats.name}}, stats.opens); });
  out.counter("dvpn_gateway_failures_total", "Channels that could not be opened.");
  each([&](const auto& stats) { out.sample({{"gateway", stats.name}}, stats.failures); });
  out.counter("dvpn_gateway_bytes_total", "Payload, up to targets and down to clients.");
  each([&](const auto& stats) {
    out.sample({{"gateway", stats.name}, {"direction", "up"}}, stats.usage.bytes.up);
    out.sample({{"gateway", stats.name}, {"direction", "down"}}, stats.usage.bytes.down);
  });
  out.histogram("dvpn_gateway_open_seconds", "From a client's first packet to the far side's yes.");
  each([&](const auto& stats) { out.sample({{"gateway", stats.name}}, stats.usage.open_times); });
}

}  // namespace

std::string metrics_text(const DaemonState& state) {
  MetricsText out;
  add_process(out, state);
  add_health(out, state);
  add_flows(out, state);
  std::size_t sessions = 0;
  gateway::OpenTimes open_times;
  for (const gateway::Stats& stats : state.gateways) {
    sessions += stats.sessions;
    open_times += stats.usage.open_times;
  }
  out.one("dvpn_sessions", "gauge", "SSH sessions with gateways.", sessions);
  out.one("dvpn_open_seconds", "histogram", "From a client's first packet to the far side's yes.", open_times);
  add_gate(out, state);
  add_gateways(out, state);
  return out.text();
}

}  // namespace dvpn::control
