// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/opening.h"

#include <algorithm>

#include "flow/datagram_copy.h"
#include "wire/request.h"

namespace dvpn::flow {

namespace {

using std::chrono::milliseconds;

/// For a gateway that sets up its session, while there is another to try: as long as a handshake over a bad path takes.
constexpr auto kPatience = milliseconds(2000);
/// At one gateway, while its sessions or kept channels break under the opening.
constexpr int kMostTries = 2;

milliseconds time_left(const Flow& flow) {
  const auto end = flow.begun + flow.snapshot->config.limits.open_timeout;
  return std::chrono::duration_cast<milliseconds>(end - Flow::Clock::now());
}

EndReason end_reason(ssh::SessionTrouble trouble) {
  switch (trouble) {
    case ssh::SessionTrouble::kUnreachable: return EndReason::kGatewayUnreachable;
    case ssh::SessionTrouble::kTurnedAway: return EndReason::kGatewayLimit;
    case ssh::SessionTrouble::kProtocol: return EndReason::kGatewayProtocol;
    case ssh::SessionTrouble::kTimeout: return EndReason::kGatewayTimeout;
    case ssh::SessionTrouble::kHostKeyUnknown: return EndReason::kHostKeyUnknown;
    case ssh::SessionTrouble::kHostKeyChanged: return EndReason::kHostKeyChanged;
    case ssh::SessionTrouble::kAuthentication: return EndReason::kAuthentication;
    case ssh::SessionTrouble::kLost: return EndReason::kSessionLost;
    case ssh::SessionTrouble::kClosed: return EndReason::kShutdown;
  }
  return EndReason::kGatewayProtocol;
}

/// With a relay, sshd's own refusal is about the relay's socket; without one it is about the target.
EndReason end_reason(ssh::OpenTrouble trouble, table::Via via) {
  if (trouble == ssh::OpenTrouble::kSessionLost) return EndReason::kSessionLost;
  if (trouble == ssh::OpenTrouble::kProhibited) return EndReason::kProhibited;
  if (via == table::Via::kRelay)
    return trouble == ssh::OpenTrouble::kTimedOut ? EndReason::kOpenTimeout : EndReason::kNoRelay;
  switch (trouble) {
    case ssh::OpenTrouble::kRefused: return EndReason::kRefused;
    case ssh::OpenTrouble::kUnreachable: return EndReason::kHostUnreachable;
    case ssh::OpenTrouble::kNoNetwork: return EndReason::kNetworkUnreachable;
    case ssh::OpenTrouble::kTimedOut: return EndReason::kTimedOut;
    default: return EndReason::kFarFailed;
  }
}

/// Whether another gateway may know a way where this one's relay said no.
bool another_may_reach(EndReason reason) {
  switch (reason) {
    case EndReason::kHostUnreachable:
    case EndReason::kNetworkUnreachable:
    case EndReason::kProhibited:
    case EndReason::kFarLimit:
    case EndReason::kFarFailed:
    case EndReason::kFarProtocol:
    case EndReason::kFarBroken: return true;
    default: return false;
  }
}

}  // namespace

Refusal refusal(const gateway::Failure& failure, table::Via via) {
  if (const auto* const session = std::get_if<ssh::SessionFailure>(&failure))
    return {end_reason(session->trouble), session->text, true, session->trouble == ssh::SessionTrouble::kLost};
  if (const auto* const full = std::get_if<gateway::RelayFull>(&failure)) return {EndReason::kFarLimit, full->text, true};
  const auto& open = std::get<ssh::OpenFailure>(failure);
  const EndReason reason = end_reason(open.trouble, via);
  const bool gateways_own = reason == EndReason::kSessionLost || reason == EndReason::kNoRelay;
  return {reason, open.text, gateways_own || another_may_reach(reason), reason == EndReason::kSessionLost};
}

std::string relay_request(const Flow& flow) {
  wire::Request request{.kind = kind_of(flow.protocol), .target = target_of(flow), .client = flow.client, .deadline = {}};
  request.again = true;
  request.deadline = std::max(time_left(flow), milliseconds(1));
  return wire::encode(request);
}

namespace {

/// Of several gateways' answers the one is told that came from nearest to the target.
int nearness(EndReason reason) {
  switch (reason) {
    case EndReason::kHostUnreachable: return 3;
    case EndReason::kProhibited: return 2;
    case EndReason::kNetworkUnreachable:
    case EndReason::kFarFailed: return 1;
    default: return 0;
  }
}

/// It answers, and cannot do what it is there for: not so for a list of its owner's.
bool is_miss(EndReason reason) { return another_may_reach(reason) ? reason != EndReason::kProhibited : reason == EndReason::kNoRelay; }

/// Gives the request to the channel, then reads until the relay has answered. Nothing: it said yes.
net::Task<std::optional<Refusal>> ask_relay(Flow& flow, FarReader& reader, std::span<char> scratch) {
  std::string request = relay_request(flow);
  if (flow.datagrams) {
    take_early(flow, scratch);
    request += flow.datagrams->early;  // does not wait for the answer: a question and its answer take one round trip
    flow.datagrams->asked = flow.datagrams->early.size();
  }
  const ssh::Session::Question question(flow.channel->session());
  while (!request.empty() && !flow.ended() && flow.channel->alive()) {
    request.erase(0, flow.channel->write(request));
    if (!request.empty()) co_await flow.channel->wait_writable();
  }
  while (!flow.ended()) {
    co_await flow.channel->wait_answer();
    if (flow.ended()) break;
    const ssh::Channel::Read read = flow.channel->read(scratch, 0);
    if (read.bytes == 0 && !read.eof && !flow.channel->session().answers())
      co_return Refusal{EndReason::kSessionLost, "its sshd does not answer", true};
    std::string_view chunk(scratch.data(), read.bytes);
    FarReader::Event event = reader.next(chunk);
    if (event.kind == FarReader::Kind::kYes) {
      flow.early = chunk;
      co_return std::nullopt;
    }
    if (event.kind == FarReader::Kind::kFail) co_return Refusal{event.reason, std::move(event.why), another_may_reach(event.reason)};
    if (!read.eof) continue;
    event = reader.at_eof(read.lost);
    co_return Refusal{event.reason, std::move(event.why), true};
  }
  co_return Refusal{flow.reason, flow.why, false};
}

/// One attempt at one gateway. Nothing: the flow has what it needs.
net::Task<std::optional<Refusal>> try_gateway(Flow& flow, FarReader& reader, gateway::Gateway& gateway, milliseconds patience,
                                              std::span<char> scratch) {
  const bool direct = flow.route->via == table::Via::kDirect;
  flow.gateway = gateway.spec().to_string();
  reader = FarReader(flow.route->via, flow.protocol);
  gateway::Gateway::Target target{.unix_socket = flow.snapshot->config.ssh.relay_socket, .direct = target_of(flow)};
  if (direct) target.unix_socket.reset();
  gateway::Wait wait(flow.pause.get_executor());
  flow.waiting = &wait;
  auto opening = gateway.open(std::move(target), wait, std::min(time_left(flow), patience));
  auto opened = co_await std::move(opening);
  flow.waiting = nullptr;
  if (!opened) co_return refusal(opened.error(), flow.route->via);
  flow.channel = std::move(*opened);
  flow.carrier = &gateway;
  const bool kept = flow.channel->kept();
  if (flow.held && !direct) {
    auto asking = ask_relay(flow, reader, scratch);
    std::optional<Refusal> no = co_await std::move(asking);
    // A relay lets a kept channel go when it has too many, or ends: what was asked on it just then was not done.
    if (no && kept) no->try_again = no->reason == EndReason::kFarLimit || no->reason == EndReason::kFarBroken;
    if (no && no->reason == EndReason::kSessionLost) no->try_again = true;
    if (no) flow.channel.reset();
    if (no) co_return no;
  }
  if (flow.held || direct) flow.opened = Flow::Clock::now();
  co_return std::nullopt;
}

}  // namespace

std::vector<gateway::Gateway*> order_of_gateways(const table::Route& route, const GatewayOf& gateway_of, std::uint32_t random) {
  std::vector<gateway::Gateway*> gateways;
  for (const table::GatewaySpec& spec : route.gateways) gateways.push_back(&gateway_of(spec));
  if (gateways.size() == 1) return gateways;

  const auto now = Flow::Clock::now();
  const auto last_reached = [&route](gateway::Gateway* gateway) { return gateway->reach().last_reached(route.address); };
  const auto current = std::ranges::max(gateways, {}, last_reached);
  std::vector<gateway::Candidate> candidates;
  for (std::size_t i = 0; i < gateways.size(); ++i) {
    const gateway::Stats stats = gateways[i]->stats();
    candidates.push_back({.healthy = gateways[i]->healthy() && gateways[i]->reach().good(route.address, now),
                          .flows = stats.channels,
                          .round_trip = stats.round_trip,
                          .weight = route.weights.empty() ? 1 : route.weights[i],
                          .current = gateways[i] == current && last_reached(current) != Flow::Clock::time_point{}});
  }
  std::vector<gateway::Gateway*> order;
  for (const std::size_t i : gateway::order(route.choose, candidates, random)) {
    order.push_back(gateways[i]);
    if (!candidates[i].healthy && order.size() > 1) gateways[i]->revive();
  }
  return order;
}

net::Task<> open_channel(Flow& flow, FarReader& reader, GatewayOf gateway_of, std::uint32_t random, std::span<char> scratch) {
  const std::vector<gateway::Gateway*> gateways = order_of_gateways(*flow.route, gateway_of, random);
  const bool several = gateways.size() > 1;
  std::optional<Refusal> told;
  for (gateway::Gateway* const gateway : gateways) {
    const milliseconds patience = gateway == gateways.back() ? milliseconds::max() : kPatience;
    std::optional<Refusal> no;
    for (int tries = 0; tries < kMostTries; ++tries) {
      if (time_left(flow).count() <= 0 || flow.ended()) break;
      auto trying = try_gateway(flow, reader, *gateway, patience, scratch);
      no = co_await std::move(trying);
      if (!no) {
        if (flow.held) gateway->relay_took();
        if (several && flow.held) gateway->reach().reached(flow.route->address, Flow::Clock::now());
        co_return;
      }
      const bool elsewhere = no->try_next && gateway != gateways.back() && !gateway->healthy();
      if (!no->try_again || elsewhere) break;
    }
    if (!no) break;
    if (no->reason == EndReason::kFarLimit) gateway->relay_is_full(no->why);
    if (several && is_miss(no->reason)) gateway->reach().missed(flow.route->address, Flow::Clock::now());
    const bool goes_on = no->try_next;
    if (!told || !goes_on || nearness(no->reason) >= nearness(told->reason)) told = std::move(no);
    if (!goes_on) break;
  }
  if (!told) told = Refusal{EndReason::kOpenTimeout, "no gateway could be tried in time", true};
  flow.finish(told->reason, std::move(told->why));
}

}  // namespace dvpn::flow
