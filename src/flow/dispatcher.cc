// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/dispatcher.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "net/deadline.h"

namespace dvpn::flow {

namespace {

constexpr std::uint32_t kRefusalLines = 5;  // at once, for each reason
constexpr auto kRefusalInterval = std::chrono::seconds(10);

std::string_view explain(EndReason reason) {
  switch (reason) {
    case EndReason::kNotRedirected: return "connected straight to the listener, or a loop";
    case EndReason::kOwnNetwork: return "the destination is in the site's own networks";
    case EndReason::kNoRoute: return "no line of the table covers the destination";
    case EndReason::kFlowLimit: return "limits.flows is reached";
    case EndReason::kClientLimit: return "limits.flows_per_client is reached";
    default: return "";
  }
}

}  // namespace

Dispatcher::Dispatcher(const net::Executor& executor, SnapshotPtr snapshot, std::vector<std::unique_ptr<Worker>>& workers,
                       std::optional<intercept::Conntrack> conntrack)
    : executor_(executor),
      snapshot_(std::move(snapshot)),
      workers_(workers),
      conntrack_(std::move(conntrack)),
      emptied_(executor) {}

std::optional<EndReason> Dispatcher::why_not(const intercept::Caught& caught,
                                             const std::optional<table::Match>& match) const {
  const auto& limits = snapshot_->config.limits;
  if (!caught.destination || *caught.destination == caught.local) return EndReason::kNotRedirected;
  if (snapshot_->own(caught.destination->address)) return EndReason::kOwnNetwork;
  if (!match) return EndReason::kNoRoute;
  if (live_.size() >= limits.flows) return EndReason::kFlowLimit;
  const auto client = per_client_.find(caught.client.address);
  if (client != per_client_.end() && client->second >= limits.flows_per_client) return EndReason::kClientLimit;
  return std::nullopt;
}

void Dispatcher::refuse(const intercept::Caught& caught, EndReason reason) {
  refused_.count(reason);
  auto [limit, added] = refusal_log_.try_emplace(reason, kRefusalLines, kRefusalInterval);
  const auto held_back = limit->second.allow(RateLimit::Clock::now());
  if (!held_back) return;
  const std::string destination = caught.destination ? caught.destination->to_string() : "-";
  log_warning(text("flow refused client=", caught.client.to_string(), " destination=", destination, " end=", name(reason),
                   " why=\"", explain(reason), '"',
                   *held_back > 0 ? text(" (", *held_back, " more like it were not logged)") : ""));
}

void Dispatcher::caught(intercept::Caught caught) {
  const auto match = caught.destination ? snapshot_->table.lookup(caught.destination->address) : std::nullopt;
  if (const auto reason = why_not(caught, match)) {
    refuse(caught, *reason);
    return;
  }
  const table::GatewaySpec& gateway = match->route->gateways.front();
  const std::size_t worker = choose_worker(gateway);
  const std::uint64_t id = ++last_id_;
  live_.emplace(id, Live{caught.client.address, gateway, worker});
  ++per_client_[caught.client.address];
  ++per_gateway_[gateway][worker];

  Request request{.id = id,
                  .socket = std::move(caught.socket),
                  .client = caught.client,
                  .destination = *caught.destination,
                  .snapshot = snapshot_,
                  .route = match->route,
                  .accepted = std::chrono::steady_clock::now()};
  if (conntrack_) request.client = conntrack_->original_client(caught.local, caught.client).value_or(caught.client);
  workers_[worker]->carry(std::move(request));
}

std::size_t Dispatcher::choose_worker(const table::GatewaySpec& gateway) {
  std::vector<std::uint32_t>& flows = per_gateway_[gateway];
  flows.resize(workers_.size());
  return static_cast<std::size_t>(std::ranges::min_element(flows) - flows.begin());
}

void Dispatcher::finished(const Finished& finished) {
  const auto found = live_.find(finished.id);
  if (found == live_.end()) return;
  const Live& live = found->second;
  if (const auto client = per_client_.find(live.client); --client->second == 0) per_client_.erase(client);
  const auto gateway = per_gateway_.find(live.gateway);
  --gateway->second[live.worker];
  if (std::ranges::all_of(gateway->second, [](std::uint32_t n) { return n == 0; })) per_gateway_.erase(gateway);
  live_.erase(found);
  if (live_.empty()) emptied_.notify_all();
}

net::Task<> Dispatcher::drain(std::chrono::milliseconds within) {
  const net::Deadline deadline(executor_, within, [this] { emptied_.notify_all(); });
  while (!live_.empty() && !deadline.expired()) co_await emptied_.wait();
}

}  // namespace dvpn::flow
