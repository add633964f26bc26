// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/opening.h"

#include <algorithm>

#include "flow/datagram_copy.h"
#include "wire/request.h"

namespace dvpn::flow {

namespace {

using std::chrono::milliseconds;

/// At one gateway, while its sessions or kept channels break under the opening.
constexpr int kMostTries = 2;

milliseconds time_left(const Flow& flow) {
  const auto end = flow.begun + flow.snapshot->config.limits.open_timeout;
  return std::chrono::duration_cast<milliseconds>(end - Flow::Clock::now());
}

EndReason end_reason(ssh::SessionTrouble trouble) {
  switch (trouble) {
    case ssh::SessionTrouble::kUnreachable: return EndReason::kGatewayUnreachable;
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

}  // namespace

Refusal refusal(const gateway::Failure& failure, table::Via via) {
  if (const auto* const session = std::get_if<ssh::SessionFailure>(&failure))
    return {end_reason(session->trouble), session->text, true, session->trouble == ssh::SessionTrouble::kLost};
  const auto& open = std::get<ssh::OpenFailure>(failure);
  const EndReason reason = end_reason(open.trouble, via);
  const bool gateways_own = reason == EndReason::kSessionLost || reason == EndReason::kNoRelay;
  return {reason, open.text, gateways_own, reason == EndReason::kSessionLost};
}

std::string relay_request(const Flow& flow) {
  wire::Request request{.kind = kind_of(flow.protocol), .target = target_of(flow), .client = flow.client, .deadline = {}};
  request.again = true;
  request.deadline = std::max(time_left(flow), milliseconds(1));
  return wire::encode(request);
}

namespace {

/// Gives the request to the channel, then reads until the relay has answered. Nothing: it said yes.
net::Task<std::optional<Refusal>> ask_relay(Flow& flow, FarReader& reader, std::span<char> scratch) {
  std::string request = relay_request(flow);
  if (flow.datagrams) {
    take_early(flow, scratch);
    request += flow.datagrams->early;  // does not wait for the answer: a question and its answer take one round trip
    flow.datagrams->asked = flow.datagrams->early.size();
  }
  while (!request.empty() && !flow.ended() && flow.channel->alive()) {
    request.erase(0, flow.channel->write(request));
    if (!request.empty()) co_await flow.channel->wait_writable();
  }
  while (!flow.ended()) {
    co_await flow.channel->wait_readable();
    if (flow.ended()) break;
    const ssh::Channel::Read read = flow.channel->read(scratch, 0);
    std::string_view chunk(scratch.data(), read.bytes);
    FarReader::Event event = reader.next(chunk);
    if (event.kind == FarReader::Kind::kYes) {
      flow.early = chunk;
      co_return std::nullopt;
    }
    if (event.kind == FarReader::Kind::kFail) co_return Refusal{event.reason, std::move(event.why), false};
    if (!read.eof) continue;
    event = reader.at_eof(read.lost);
    co_return Refusal{event.reason, std::move(event.why), true};
  }
  co_return Refusal{flow.reason, flow.why, false};
}

/// One attempt at one gateway. Nothing: the flow has what it needs.
net::Task<std::optional<Refusal>> try_gateway(Flow& flow, FarReader& reader, gateway::Gateway& gateway, std::span<char> scratch) {
  const bool direct = flow.route->via == table::Via::kDirect;
  flow.gateway = gateway.spec().to_string();
  reader = FarReader(flow.route->via, flow.protocol);
  gateway::Gateway::Target target{.unix_socket = flow.snapshot->config.ssh.relay_socket, .direct = target_of(flow)};
  if (direct) target.unix_socket.reset();
  gateway::Wait wait(flow.pause.get_executor());
  flow.waiting = &wait;
  auto opening = gateway.open(std::move(target), wait, time_left(flow));
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

net::Task<> open_channel(Flow& flow, FarReader& reader, GatewayOf gateway_of, std::uint32_t random, std::span<char> scratch) {
  std::vector<gateway::Gateway*> gateways;
  std::vector<gateway::Candidate> candidates;
  for (std::size_t i = 0; i < flow.route->gateways.size(); ++i) {
    gateway::Gateway& gateway = gateway_of(flow.route->gateways[i]);
    const gateway::Stats stats = gateway.stats();
    const std::uint32_t weight = flow.route->weights.empty() ? 1 : flow.route->weights[i];
    gateways.push_back(&gateway);
    candidates.push_back({gateway.healthy(), stats.channels, stats.round_trip, weight});
  }
  Refusal last{EndReason::kOpenTimeout, "no gateway could be tried in time", true};
  for (const std::size_t i : gateway::order(flow.route->choose, candidates, random)) {
    for (int tries = 0; tries < kMostTries; ++tries) {
      if (time_left(flow).count() <= 0 || flow.ended()) break;
      auto trying = try_gateway(flow, reader, *gateways[i], scratch);
      std::optional<Refusal> no = co_await std::move(trying);
      if (!no) co_return;
      last = std::move(*no);
      if (!last.try_again) break;
    }
    if (!last.try_next) break;
  }
  flow.finish(last.reason, std::move(last.why));
}

}  // namespace dvpn::flow
