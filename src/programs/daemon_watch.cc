// SPDX-License-Identifier: GPL-2.0-or-later
// What the daemon tells those who watch it: what the front knows, put together with what each worker answers.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "control/log_answer.h"
#include "intercept/routing_stop.h"
#include "programs/daemon.h"

namespace dvpn {

namespace {

constexpr std::size_t kMostRedirects = 100'000;  // in one answer
/// Flows that are written into an answer before the front thread looks after others: less than a millisecond's work.
constexpr std::size_t kFlowsATurn = 100;
/// How long an answer about the rules serves.
constexpr auto kRulesAge = std::chrono::seconds(2);

}  // namespace

net::Task<std::vector<flow::WorkerInfo>> Daemon::worker_infos() {
  std::vector<flow::WorkerInfo> infos;
  for (const auto& worker : workers_) {
    if (workers_ended_) break;
    auto asking = worker->info();
    auto [failure, info] = co_await net::asio::co_spawn(worker->executor(), std::move(asking), net::use_result);
    if (!failure) infos.push_back(std::move(info));
  }
  co_return infos;
}

control::DaemonState Daemon::state() const {
  control::DaemonState state;
  state.version = DVPN_VERSION;
  state.uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  state.snapshot = snapshot_;
  state.config = config_state_;
  state.table = table_state_;
  state.rules = rules_;
  state.sets = sets_;
  state.sets_error = sets_error_;
  state.stop = routing_stop_;
  state.stop_error = routing_stop_error_;
  state.open_flows = dispatcher_->flows(flow::Protocol::kTcp);
  state.udp_flows = dispatcher_->flows(flow::Protocol::kUdp);
  if (udp_) state.udp = udp_->info();
  state.udp_carried = udp_ != nullptr;
  state.udp_error = udp_error_;
  state.ping_flows = dispatcher_->flows(flow::Protocol::kPing);
  if (pings_) state.ping = pings_->info();
  state.ping_carried = pings_ != nullptr;
  state.ping_error = ping_error_;
  state.accepted = dispatcher_->accepted();
  state.refused = dispatcher_->refused();
  if (gate_) state.gate = gate_->info();
  state.gate_error = gate_error_;
  if (metrics_) state.metrics_listen = metrics_->where().to_string();
  if (web_) state.web_listen = web_->where().to_string();
  state.process = process_use();
  state.process.started_at = std::chrono::system_clock::now() - state.uptime;
  return state;
}

net::Task<control::DaemonState> Daemon::whole_state() {
  co_await look_for_rules();
  const auto infos = co_await worker_infos();
  control::DaemonState now = state();
  std::vector<gateway::Stats> gateways;
  for (const auto& info : infos) {
    now.counters += info.counters;
    now.windows += info.windows;
    gateways.insert(gateways.end(), info.gateways.begin(), info.gateways.end());
  }
  now.gateways = control::merge(std::move(gateways));
  site_names_.fill(snapshot_, now.gateways);
  co_return now;
}

/// Rules that came after the daemon did find their sets filled. Rules that have gone are nobody's wish while it runs.
net::Task<> Daemon::look_for_rules() {
  const auto now = std::chrono::steady_clock::now();
  if (rules_looked_ != std::chrono::steady_clock::time_point{} && now - rules_looked_ < kRulesAge) co_return;
  rules_looked_ = now;
  auto looking = intercept::find_rules(snapshot_->config.rules.set);
  const intercept::RulesState found = co_await std::move(looking);
  const intercept::RulesState before = rules_;
  rules_ = found;
  if (before == intercept::RulesState::kInPlace && found == intercept::RulesState::kAbsent) {
    auto looking_for_stop = intercept::stop_in_place();
    const bool led_there = co_await std::move(looking_for_stop);
    const bool stopped = led_there && routing_stop_ != intercept::SetState::kAbsent && routing_stop_ != intercept::SetState::kFailed;
    log_error(text("the firewall rules are gone, another program has flushed them: nothing is carried, and what ", stopped ? "this gateway itself sends" : "is",
                   " to other sites may leave in the clear", stopped ? " (its LAN's is refused)" : "", "; run: dvpn-rules install"));
  }
  if (before == intercept::RulesState::kAbsent && found == intercept::RulesState::kInPlace) log_info("the firewall rules are in place");
  const bool came = before == intercept::RulesState::kAbsent || sets_ == intercept::SetState::kAbsent;
  if (found != intercept::RulesState::kInPlace) co_return;
  // (what failed is tried again, so that what `dvpn-rules install` has mended is seen)
  if (came || routing_stop_ == intercept::SetState::kAbsent || routing_stop_ == intercept::SetState::kFailed) {
    routing_stop_made_for_ = nullptr;
    routing_stop_behind_.notify();
  }
  if (!came || reloading_) co_return;
  reloading_ = true;
  co_await fill_sets();
  end_reload();
}

net::Task<> Daemon::watch_rules() {
  while (!stopping_) {
    co_await look_for_rules();
    if (stopping_) break;
    rules_timer_.expires_after(kRulesAge);
    co_await rules_timer_.async_wait(net::use_result);
  }
}

net::Task<std::string> Daemon::list_gateways() {
  std::vector<gateway::Stats> all;
  const auto infos = co_await worker_infos();
  for (const auto& info : infos) all.insert(all.end(), info.gateways.begin(), info.gateways.end());
  std::vector<gateway::Stats> gateways = control::merge(std::move(all));
  site_names_.fill(snapshot_, gateways);
  co_return control::gateways_answer(gateways);
}

net::Task<std::string> Daemon::list_flows(flow::FlowQuery query) {
  std::vector<flow::FlowList> lists;
  for (const auto& worker : workers_) {
    if (workers_ended_) break;
    auto asking = worker->list_flows(query);
    auto [failure, list] = co_await net::asio::co_spawn(worker->executor(), std::move(asking), net::use_result);
    if (!failure) lists.push_back(std::move(list));
  }
  const flow::FlowList all = flow::merge(std::move(lists), query);
  control::FlowsAnswer answer(all);
  for (std::size_t i = 0; i < all.flows.size(); ++i) {
    if (i % kFlowsATurn == kFlowsATurn - 1) co_await net::asio::post(context_, net::use_result);
    answer.add(all.flows[i]);
  }
  co_return answer.finish();
}

std::string Daemon::list_redirects() {
  intercept::Conntrack* const conntrack = dispatcher_->conntrack();
  if (conntrack == nullptr) return control::error_answer("connection tracking is not available: CAP_NET_ADMIN is missing");
  const auto redirects = conntrack->redirected(snapshot_->config.intercept.port, kMostRedirects);
  if (!redirects) return control::error_answer(redirects.error().text);
  return control::redirects_answer(*redirects);
}

std::string Daemon::read_log(const std::string& line) const {
  const auto call = control::parse_log_call(line);
  return call ? control::log_answer(*call, recent_log_) : control::error_answer(call.error());
}

}  // namespace dvpn
