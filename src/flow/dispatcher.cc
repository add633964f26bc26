// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/dispatcher.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "intercept/datagram_socket.h"
#include "net/deadline.h"

namespace dvpn::flow {

namespace {

constexpr std::uint32_t kRefusalLines = 5;  // at once, for each reason
constexpr auto kRefusalInterval = std::chrono::seconds(10);

/// The names of a protocol's limits, and the limits.
struct LimitsOf {
  std::string_view flows_reached, client_reached;
  std::uint32_t flows, per_client;
};

LimitsOf limits_of(Protocol protocol, const config::DaemonConfig::Limits& limits) {
  switch (protocol) {
    case Protocol::kTcp: break;
    case Protocol::kUdp:
      return {"limits.udp_flows is reached", "limits.udp_flows_per_client is reached", limits.udp_flows, limits.udp_flows_per_client};
    case Protocol::kPing:
      return {"limits.ping_flows is reached", "limits.ping_flows_per_client is reached", limits.ping_flows, limits.ping_flows_per_client};
  }
  return {"limits.flows is reached", "limits.flows_per_client is reached", limits.flows, limits.flows_per_client};
}

std::string_view explain(EndReason reason, Protocol protocol = Protocol::kTcp) {
  switch (reason) {
    case EndReason::kNotRedirected: return "connected straight to the listener, or a loop";
    case EndReason::kOwnNetwork: return "the destination is in the site's own networks";
    case EndReason::kShutdown: return "the daemon is stopping";
    case EndReason::kNoRoute: return "no line of the table covers the destination";
    case EndReason::kFlowLimit: return limits_of(protocol, {}).flows_reached;
    case EndReason::kClientLimit: return limits_of(protocol, {}).client_reached;
    case EndReason::kProhibited: return "without a relay (via=direct) there are connections alone";
    case EndReason::kPortTaken: return "a program of this gateway has that port on all addresses";
    case EndReason::kHeldLimit: return "limits.held_per_client is reached";
    case EndReason::kClientGone: return "the client gave up";
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

std::optional<EndReason> Dispatcher::why_not(Protocol protocol, const net::Address& client, const net::Address& destination,
                                             const std::optional<table::Match>& match) const {
  if (snapshot_->own(destination)) return EndReason::kOwnNetwork;
  if (!match) return EndReason::kNoRoute;
  if (protocol != Protocol::kTcp && match->route->via == table::Via::kDirect) return EndReason::kProhibited;
  const Census& census = census_[static_cast<std::size_t>(protocol)];
  const LimitsOf limits = limits_of(protocol, snapshot_->config.limits);
  if (census.flows >= limits.flows) return EndReason::kFlowLimit;
  const auto flows = census.per_client.find(client);
  if (flows != census.per_client.end() && flows->second >= limits.per_client) return EndReason::kClientLimit;
  return std::nullopt;
}

void Dispatcher::refused(const net::Endpoint& client, const std::optional<net::Endpoint>& destination, EndReason reason,
                         Protocol protocol) {
  refused_.count(reason);
  auto [limit, added] = refusal_log_.try_emplace(reason, kRefusalLines, kRefusalInterval);
  const auto held_back = limit->second.allow(RateLimit::Clock::now());
  if (!held_back) return;
  log_warning(text("flow refused protocol=", name(protocol), " client=", to_text(protocol, client),
                   " destination=", destination ? to_text(protocol, *destination) : "-",
                   " end=", name(reason), " why=\"", explain(reason, protocol), '"',
                   *held_back > 0 ? text(" (", *held_back, " more like it were not logged)") : ""));
}

Request Dispatcher::let_in(Protocol protocol, const net::Endpoint& client, const net::Endpoint& destination, const table::Route& route) {
  const table::GatewaySpec& gateway = route.gateways.front();
  const std::size_t worker = choose_worker(gateway);
  const std::uint64_t id = ++last_id_;
  live_.emplace(id, Live{.protocol = protocol, .client = client.address, .gateway = gateway, .worker = worker});
  Census& census = census_[static_cast<std::size_t>(protocol)];
  ++census.flows;
  ++census.per_client[client.address];
  ++per_gateway_[gateway][worker];
  return {.id = id,
          .protocol = protocol,
          .socket = {},
          .client = client,
          .destination = destination,
          .snapshot = snapshot_,
          .route = &route,
          .begun = std::chrono::steady_clock::now()};
}

std::optional<net::Endpoint> Dispatcher::sender(const intercept::Caught& caught) {
  return conntrack_ ? conntrack_->original_client(caught.local, caught.client) : std::nullopt;
}

void Dispatcher::caught(intercept::Caught caught) {
  if (!caught.destination || *caught.destination == caught.local) {
    refused(caught.client, caught.destination, EndReason::kNotRedirected);
    return;
  }
  const auto match = snapshot_->table.lookup(caught.destination->address);
  if (const auto reason = why_not(Protocol::kTcp, caught.client.address, caught.destination->address, match)) {
    refused(caught.client, caught.destination, *reason);
    return;
  }
  Request request = let_in(Protocol::kTcp, sender(caught).value_or(caught.client), *caught.destination, *match->route);
  request.socket = std::move(caught.socket);
  const std::size_t worker = live_.at(request.id).worker;
  workers_[worker]->carry(std::move(request));
}

std::expected<std::uint64_t, EndReason> Dispatcher::hold(const net::Endpoint& client, const net::Endpoint& destination) {
  const auto match = snapshot_->table.lookup(destination.address);
  if (const auto reason = why_not(Protocol::kTcp, client.address, destination.address, match)) {
    refused(client, destination, *reason);
    return std::unexpected(*reason);
  }
  Request request = let_in(Protocol::kTcp, client, destination, *match->route);
  const std::uint64_t id = request.id;
  workers_[live_.at(id).worker]->carry(std::move(request));
  return id;
}

std::expected<std::uint64_t, EndReason> Dispatcher::begin_datagrams(const net::Endpoint& client, const net::Endpoint& destination,
                                                                    const intercept::RawSender* sender, const std::function<void()>& caught) {
  const auto match = snapshot_->table.lookup(destination.address);
  if (const auto reason = why_not(Protocol::kUdp, client.address, destination.address, match)) {
    refused(client, destination, *reason, Protocol::kUdp);
    return std::unexpected(*reason);
  }
  auto socket = intercept::stand_in(destination, client);
  if (!socket) {
    const EndReason reason = socket.error().kind == ErrorKind::kConfiguration ? EndReason::kPortTaken : EndReason::kSystem;
    refused(client, destination, reason, Protocol::kUdp);
    return std::unexpected(reason);
  }
  Request request = let_in(Protocol::kUdp, client, destination, *match->route);
  request.socket = std::move(*socket);
  request.sender = sender;
  caught();
  const std::uint64_t id = request.id;
  workers_[live_.at(id).worker]->carry(std::move(request));
  return id;
}

std::expected<std::uint64_t, EndReason> Dispatcher::begin_pings(const net::Endpoint& client, const net::Endpoint& destination,
                                                                const intercept::RawSender* sender, Ping first) {
  const auto match = snapshot_->table.lookup(destination.address);
  if (const auto reason = why_not(Protocol::kPing, client.address, destination.address, match)) {
    refused(client, destination, *reason, Protocol::kPing);
    return std::unexpected(*reason);
  }
  Request request = let_in(Protocol::kPing, client, destination, *match->route);
  request.sender = sender;
  request.ping = std::move(first);
  const std::uint64_t id = request.id;
  workers_[live_.at(id).worker]->carry(std::move(request));
  return id;
}

bool Dispatcher::ping(std::uint64_t flow, Ping ping) {
  const auto found = live_.find(flow);
  return found != live_.end() && workers_[found->second.worker]->ping(flow, std::move(ping));
}

void Dispatcher::attach(std::uint64_t flow, UniqueFd client) {
  if (const auto found = live_.find(flow); found != live_.end()) workers_[found->second.worker]->attach(flow, std::move(client));
}

void Dispatcher::cancel(std::uint64_t flow, EndReason reason) {
  const auto found = live_.find(flow);
  if (found == live_.end()) return;
  uncount(found->second);
  workers_[found->second.worker]->cancel(flow, reason, std::string(explain(reason)));
}

/// The client has one flow less. Those that are over and not yet gone are few: whose channel is opening just then.
void Dispatcher::uncount(Live& live) {
  if (!live.counted) return;
  live.counted = false;
  auto& per_client = census_[static_cast<std::size_t>(live.protocol)].per_client;
  if (const auto client = per_client.find(live.client); --client->second == 0) per_client.erase(client);
}

std::size_t Dispatcher::choose_worker(const table::GatewaySpec& gateway) {
  std::vector<std::uint32_t>& flows = per_gateway_[gateway];
  flows.resize(workers_.size());
  return static_cast<std::size_t>(std::ranges::min_element(flows) - flows.begin());
}

void Dispatcher::reported(const Report& report) {
  if (report.what != Report::What::kEnded) return;
  const auto found = live_.find(report.id);
  if (found == live_.end()) return;
  Live& live = found->second;
  uncount(live);
  --census_[static_cast<std::size_t>(live.protocol)].flows;
  const auto gateway = per_gateway_.find(live.gateway);
  --gateway->second[live.worker];
  if (std::ranges::all_of(gateway->second, [](std::uint32_t n) { return n == 0; })) per_gateway_.erase(gateway);
  live_.erase(found);
  if (flows(Protocol::kTcp) == 0) emptied_.notify_all();
}

net::Task<> Dispatcher::drain(std::chrono::milliseconds within) {
  const net::Deadline deadline(executor_, within, [this] { emptied_.notify_all(); });
  while (flows(Protocol::kTcp) > 0 && !deadline.expired()) co_await emptied_.wait();
}

}  // namespace dvpn::flow
