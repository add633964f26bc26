// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/datagram_copy.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "flow/gate.h"
#include "flow/ping_copy.h"

namespace dvpn::flow {

namespace {

constexpr net::Port kDns = 53;
/// A flow of pings without one ends after this: later than the last reply may come.
constexpr auto kPingIdle = std::chrono::seconds(15);
static_assert(kPingIdle > PingBook::kPatience);
/// Taken from the client in one go.
constexpr std::size_t kMostOfABatch = 64;
/// Bytes that go up with the request, about.
constexpr std::size_t kMostEarly = 16u << 10;
constexpr std::size_t kRoomForAny = wire::kFrameHeaderSize + wire::kMostDatagram + 1;

/// Frames of what waits at the client's socket, as many as fit into `most` bytes, but one at least.
std::size_t take_batch(Flow& flow, std::span<char> into, std::size_t most) {
  std::size_t filled = 0;
  for (std::size_t i = 0; i < kMostOfABatch && filled < most && into.size() - filled >= kRoomForAny; ++i) {
    const std::span<char> room = into.subspan(filled + wire::kFrameHeaderSize);
    const ssize_t n = ::recv(flow.datagrams->socket.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) continue;  // the error of an earlier answer
    const auto bytes = static_cast<std::size_t>(n);
    std::ranges::copy(wire::encode_frame_header(wire::FrameType::kDatagram, static_cast<std::uint32_t>(bytes)), into.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += wire::kFrameHeaderSize + bytes;
    flow.bytes_up += bytes;
    flow.datagrams->note_up(bytes);
  }
  return filled;
}

std::chrono::milliseconds idle_timeout(const Flow& flow) {
  const auto& udp = flow.snapshot->config.udp;
  if (flow.protocol == Protocol::kPing) return kPingIdle;
  return flow.destination.port == kDns ? udp.dns_idle_timeout : udp.idle_timeout;
}

void take_down(Flow& flow, std::string_view datagram) {
  if (flow.protocol == Protocol::kPing) return answer_ping(flow, datagram);
  flow.bytes_down += datagram.size();
  flow.datagrams->give(datagram);
}

void pass_datagrams_down(Flow& flow, FarReader& reader, std::string_view chunk) {
  while (!flow.ended()) {
    FarReader::Event event = reader.next(chunk);
    switch (event.kind) {
      case FarReader::Kind::kNeedMore: return;
      case FarReader::Kind::kDatagram: take_down(flow, event.data); break;
      case FarReader::Kind::kUnreachable:
        if (flow.protocol == Protocol::kPing)
          tell_unreachable(flow, event.data, verdict_for(event.reason));
        else
          flow.datagrams->tell(flow.client, flow.destination, verdict_for(event.reason));
        break;
      case FarReader::Kind::kEnd: flow.finish(EndReason::kDone); break;
      case FarReader::Kind::kFail: flow.finish(event.reason, std::move(event.why)); break;
      case FarReader::Kind::kYes:
      case FarReader::Kind::kData:
      case FarReader::Kind::kReady: break;
    }
  }
}

}  // namespace

net::Task<> drain_up(Flow& flow) {
  while (!flow.pending_up.empty() && !flow.ended() && flow.channel->alive()) {
    flow.pending_up.erase(0, flow.channel->write(flow.pending_up));
    if (!flow.pending_up.empty()) co_await flow.channel->wait_writable();
  }
}

net::Task<> copy_datagrams_up(Flow& flow, std::span<char> scratch) {
  while (!flow.ended()) {
    co_await drain_up(flow);
    if (flow.ended() || !flow.channel->alive()) co_return;  // the downward half says why
    // Unbounded: ended by a datagram or by finish().
    co_await flow.datagrams->socket.async_wait(net::Descriptor::wait_read, net::use_result);
    while (flow.channel->writable() == 0 && !flow.ended() && flow.channel->alive()) co_await flow.channel->wait_writable();
    if (flow.ended() || !flow.channel->alive()) co_return;
    const std::size_t filled = take_batch(flow, scratch, flow.channel->writable());
    const std::string_view batch(scratch.data(), filled);
    const std::size_t written = filled > 0 ? flow.channel->write(batch) : 0;
    flow.pending_up = batch.substr(written);
  }
}

net::Task<> copy_datagrams_down(Flow& flow, FarReader& reader, std::span<char> scratch) {
  while (!flow.ended()) {
    if (flow.early.empty()) co_await flow.channel->wait_readable();
    if (flow.ended()) co_return;
    const ssh::Channel::Read read = flow.read_far(scratch);
    pass_datagrams_down(flow, reader, {scratch.data(), read.bytes});
    if (!read.eof || flow.ended()) continue;
    FarReader::Event end = reader.at_eof(read.lost);
    flow.finish(end.reason, std::move(end.why));
  }
}

net::Task<> watch_idleness(Flow& flow) {
  const auto most = idle_timeout(flow);
  while (!flow.ended()) {
    const auto end = flow.datagrams->active + most;
    if (end <= Flow::Clock::now()) {
      flow.finish(EndReason::kIdle);
      co_return;
    }
    flow.pause.expires_at(end);
    co_await flow.pause.async_wait(net::use_result);
  }
}

void take_early(Flow& flow, std::span<char> scratch) {
  if (flow.protocol == Protocol::kPing) return;  // they are there already
  // (an opening may be tried several times)
  if (flow.datagrams->early.size() < kMostEarly) flow.datagrams->early.append(scratch.data(), take_batch(flow, scratch, kMostEarly));
}

}  // namespace dvpn::flow
