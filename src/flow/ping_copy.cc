// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/ping_copy.h"

#include <utility>

#include "flow/datagram_copy.h"
#include "flow/gate.h"
#include "intercept/ip_packet.h"

namespace dvpn::flow {

namespace {

/// Bytes that wait for the channel: before it is open, where they go up with the request, and later.
constexpr std::size_t kMostEarly = 16u << 10, kMostWaiting = 64u << 10;
/// Of a reply whose TTL the far side does not know.
constexpr std::uint8_t kOrdinaryHops = 64;
/// What the two gateways would have taken off it, had they been routers.
constexpr std::uint8_t kGateways = 2;

std::uint8_t hops_left(std::uint8_t at_relay) {
  if (at_relay == 0) return kOrdinaryHops;
  return at_relay > kGateways ? static_cast<std::uint8_t>(at_relay - kGateways) : std::uint8_t{1};
}

intercept::Quoted quoted(const Flow& flow, const PingBook::Sent& ping) {
  return intercept::quoted_echo(flow.client.address, flow.destination.address, ping.name, ping.payload);
}

}  // namespace

void ask_ping(Flow& flow, const Ping& ping) {
  if (flow.ended()) return;
  Datagrams& pings = *flow.datagrams;
  const std::size_t most = flow.state == Flow::State::kOpen ? kMostWaiting : kMostEarly;
  // (the first may be longer than that)
  const bool has_room = pings.early.empty() || pings.early.size() + ping.payload.size() <= most;
  const auto token = has_room ? pings.book->enter({ping.name, ping.payload.size()}, PingBook::Clock::now()) : std::nullopt;
  if (!token) return pings.note_dropped_up();
  const auto frame = wire::encode_frame_header(wire::FrameType::kDatagram, static_cast<std::uint32_t>(wire::kEchoHeaderSize + ping.payload.size()));
  const auto header = wire::encode_echo_header(*token, 0);
  pings.early.append(frame.data(), frame.size()).append(header.data(), header.size()).append(ping.payload);
  pings.note_up(ping.payload.size());
  flow.bytes_up += ping.payload.size();
  flow.attached.notify();
}

net::Task<> copy_pings_up(Flow& flow) {
  while (!flow.ended()) {
    co_await drain_up(flow);
    if (flow.ended() || !flow.channel->alive()) co_return;  // the downward half says why
    if (flow.datagrams->early.empty()) co_await flow.attached.wait();  // unbounded: ended by a ping or by finish()
    flow.pending_up = std::exchange(flow.datagrams->early, std::string());
  }
}

void answer_ping(Flow& flow, std::string_view datagram) {
  Datagrams& pings = *flow.datagrams;
  const auto echo = wire::decode_echo(datagram);
  const auto ping = echo ? pings.book->take_answered(echo->token, echo->payload.size(), PingBook::Clock::now()) : std::nullopt;
  if (!ping) return pings.note_dropped_down();
  flow.bytes_down += echo->payload.size();
  pings.send(flow.client.address, intercept::echo_reply(flow.destination.address, flow.client.address, ping->name, hops_left(echo->hops), echo->payload));
}

void tell_unreachable(Flow& flow, std::string_view detail, intercept::Verdict verdict) {
  const auto token = wire::decode_token(detail);
  const auto ping = token ? flow.datagrams->book->take(*token, PingBook::Clock::now()) : std::nullopt;
  if (ping) flow.datagrams->tell(quoted(flow, *ping), verdict);
}

void give_up_pings(Flow& flow) {
  const bool over = flow.reason == EndReason::kDone || flow.reason == EndReason::kIdle || flow.reason == EndReason::kShutdown;
  const intercept::Verdict verdict = over ? intercept::Verdict::kSilence : verdict_for(flow.reason);
  while (const auto ping = flow.datagrams->book->give_up())
    if (verdict != intercept::Verdict::kSilence) flow.datagrams->tell(quoted(flow, *ping), verdict);
}

}  // namespace dvpn::flow
