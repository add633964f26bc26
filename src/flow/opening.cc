// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/opening.h"

#include <algorithm>

#include "wire/request.h"

namespace dvpn::flow {

namespace {

using std::chrono::milliseconds;

milliseconds time_left(const Flow& flow) {
  const auto end = flow.accepted + flow.snapshot->config.limits.open_timeout;
  return std::chrono::duration_cast<milliseconds>(end - Flow::Clock::now());
}

net::Endpoint target_of(const Flow& flow) {
  return {flow.route->translate(flow.destination.address), flow.destination.port};
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
    return {end_reason(session->trouble), session->text, true};
  const auto& open = std::get<ssh::OpenFailure>(failure);
  const EndReason reason = end_reason(open.trouble, via);
  const bool gateways_own = reason == EndReason::kSessionLost || reason == EndReason::kNoRelay;
  return {reason, open.text, gateways_own};
}

std::string relay_request(const Flow& flow) {
  wire::Request request{.kind = wire::Kind::kTcp, .target = target_of(flow), .client = flow.client, .deadline = {}};
  request.again = true;
  request.deadline = std::max(time_left(flow), milliseconds(1));
  return wire::encode(request);
}

net::Task<> open_channel(Flow& flow, GatewayOf gateway_of, std::uint32_t random) {
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
    const milliseconds left = time_left(flow);
    if (left.count() <= 0 || flow.ended() || !last.try_next) break;
    flow.gateway = gateways[i]->spec().to_string();
    gateway::Gateway::Target target{.unix_socket = flow.snapshot->config.ssh.relay_socket, .direct = target_of(flow)};
    if (flow.route->via == table::Via::kDirect) target.unix_socket.reset();
    auto opening = gateways[i]->open(std::move(target), left);
    auto opened = co_await std::move(opening);
    if (opened) {
      flow.channel = std::move(*opened);
      flow.carrier = gateways[i];
      co_return;
    }
    last = refusal(opened.error(), flow.route->via);
  }
  flow.finish(last.reason, std::move(last.why));
}

}  // namespace dvpn::flow
