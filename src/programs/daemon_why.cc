// SPDX-License-Identifier: GPL-2.0-or-later
// The call `why`: what the daemon knows of the way of a destination, and one question to the far side, put together.
#include <algorithm>

#include "programs/daemon.h"

namespace dvpn {

namespace {

/// For the far side; `dvpn` waits longer.
constexpr auto kFarTime = std::chrono::seconds(5);

}  // namespace

bool Daemon::catches(wire::Kind protocol) const {
  if (protocol == wire::Kind::kUdp) return udp_ != nullptr;
  return protocol == wire::Kind::kEcho ? pings_ != nullptr : true;
}

net::Task<std::string> Daemon::why(control::Caller caller, std::string line) {
  const auto call = control::parse_why(line);
  if (!call) co_return control::error_answer(call.error());
  if (call->connect && caller.uid != 0) co_return control::error_answer("a connection to the target needs root");
  control::WhyFacts facts;
  facts.call = *call;
  facts.snapshot = snapshot_;
  const auto destination = control::why_destination(*call, snapshot_->table);
  if (!destination) co_return control::error_answer(destination.error());
  facts.destination = *destination;
  facts.sets = sets_;
  facts.sets_error = sets_error_;
  facts.gate_error = gate_error_;
  facts.flows = dispatcher_->flows(flow::protocol_of(call->protocol));
  facts.caught_here = catches(call->protocol);
  if (auto request = control::far_request(facts)) {
    auto asking = ask_far(facts, *request);
    flow::FarAnswer answer = co_await std::move(asking);
    facts.far = std::move(answer);
    const bool prohibited = facts.far->answer && facts.far->answer->status == wire::Status::kProhibited;
    if (prohibited && request->client && request->kind == wire::Kind::kWouldAllow) {
      request->client.reset();
      auto again = ask_far(facts, *request);
      flow::FarAnswer for_anyone = co_await std::move(again);
      facts.for_anyone = std::move(for_anyone);
    }
  }
  const auto infos = co_await worker_infos();
  std::vector<gateway::Stats> all;
  for (const auto& info : infos) all.insert(all.end(), info.gateways.begin(), info.gateways.end());
  facts.gateways = control::merge(std::move(all));
  co_return control::why_answer(facts, control::explain(facts));
}

net::Task<flow::FarAnswer> Daemon::ask_far(const control::WhyFacts& facts, wire::Request request) {
  const auto match = facts.snapshot->table.lookup(facts.destination.address);
  flow::FarQuestion question{.snapshot = facts.snapshot, .route = match->route, .request = std::move(request), .within = kFarTime};
  auto asking = ask_route(std::move(question));
  flow::FarAnswer answer = co_await std::move(asking);
  co_return answer;
}

/// Asks on the worker that has a session to one of the gateways, as the next flow would meet it; else on the first.
net::Task<flow::FarAnswer> Daemon::ask_route(flow::FarQuestion question) {
  const std::vector<table::GatewaySpec>& gateways = question.route->gateways;
  const auto infos = co_await worker_infos();
  std::size_t chosen = 0;
  for (std::size_t i = infos.size(); i-- > 0;)
    for (const gateway::Stats& stats : infos[i].gateways)
      if (stats.state == gateway::Stats::State::kUp &&
          std::ranges::any_of(gateways, [&](const table::GatewaySpec& spec) { return spec.to_string() == stats.name; }))
        chosen = i;
  flow::FarAnswer none;
  none.unusable.push_back({gateways.front().to_string(), flow::EndReason::kShutdown, "the daemon is stopping"});
  if (workers_ended_) co_return none;
  auto asking = workers_[chosen]->ask(std::move(question));
  auto [failure, answer] = co_await net::asio::co_spawn(workers_[chosen]->executor(), std::move(asking), net::use_result);
  if (failure || (answer.gateway.empty() && answer.unusable.empty())) co_return none;
  co_return answer;
}

}  // namespace dvpn
