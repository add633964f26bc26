// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/datagram_flow.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "relay/errno_status.h"
#include "relay/error_queue.h"
#include "relay/ping_socket.h"
#include "relay/target_socket.h"

namespace dvpn::relay {

namespace {

// A turn, one way: so many reads of the channel, or so many batches for it.
constexpr int kRounds = 4;
constexpr std::size_t kMostOfABatch = 256;
/// How much of the channel is read at once: as much as holds about kWanted datagrams, so that a turn is bounded in calls
/// whatever their size.
constexpr std::size_t kLargestChunk = 64u << 10;
constexpr std::size_t kSmallestChunk = 2u << 10;
constexpr std::uint64_t kWanted = 128;
/// Frames about errors that may wait for the channel.
constexpr std::size_t kMostNotices = 1024;

}  // namespace

DatagramFlow::DatagramFlow(config::Protocol protocol, const net::Address& target)
    : protocol_(protocol), target_(target), chunk_size_(kLargestChunk) {
  if (protocol == config::Protocol::kPing) book_.emplace();
}

CopyResult DatagramFlow::advance_up(Side& channel, int target, CopyContext& context, Clock::time_point now) {
  for (int round = 0; round < kRounds; ++round) {
    if (!channel.readable) return CopyResult::kBlocked;
    const ssize_t n = receive(channel.fd, context.scratch.data(), std::min(chunk_size_, context.scratch.size()));
    if (n <= 0) {
      channel.readable = false;
      if (n == 0) return CopyResult::kChannelClosed;
      return errno == EAGAIN ? CopyResult::kBlocked : CopyResult::kChannelFailed;
    }
    const std::uint64_t before = up_.datagrams + up_.dropped;
    context.held -= parser_.held();
    const CopyResult result = take_apart({context.scratch.data(), static_cast<std::size_t>(n)}, target, now);
    if (context.much_is_held() && parser_.forget()) ++up_.dropped;
    context.held += parser_.held();
    if (result != CopyResult::kBlocked) return result;
    const std::uint64_t took = up_.datagrams + up_.dropped - before;
    if (took > 2 * kWanted) chunk_size_ = std::max(chunk_size_ / 2, kSmallestChunk);
    if (took < kWanted) chunk_size_ = std::min(chunk_size_ * 2, kLargestChunk);
  }
  return CopyResult::kTurnOver;
}

CopyResult DatagramFlow::take_apart(std::string_view chunk, int target, Clock::time_point now) {
  using Kind = wire::DatagramParser::Kind;
  for (;;) {
    const wire::DatagramParser::Event event = parser_.next(chunk);
    switch (event.kind) {
      case Kind::kDatagram: pass_on(event.payload, target, now); break;
      case Kind::kUnreachable: break;  // what the client's side says: nobody here could be told
      // Who did not wait for `ready` has lost its place in the stream.
      case Kind::kEnd: return chunk.empty() ? CopyResult::kEnded : CopyResult::kProtocolError;
      case Kind::kReset: return CopyResult::kReset;
      case Kind::kReady:  // that is for the relay to say
      case Kind::kError: return CopyResult::kProtocolError;
      case Kind::kNeedMore: return CopyResult::kBlocked;
    }
  }
}

void DatagramFlow::pass_on(std::string_view datagram, int target, Clock::time_point now) {
  std::optional<std::uint32_t> token;
  std::optional<std::uint16_t> sequence;
  if (book_) {
    const auto echo = wire::decode_echo(datagram);
    if (!echo) {
      ++up_.dropped;
      return;
    }
    token = echo->token;
    sequence = book_->enter(*token, now);
    datagram = echo->payload;
  }
  ssize_t n = send(datagram, target, sequence);
  // The error of an earlier datagram is told at the next call; then this one has not been sent.
  if (n < 0 && errno != EAGAIN && take_errors(target, now)) n = send(datagram, target, sequence);
  if (n >= 0) {
    ++up_.datagrams;
    up_.bytes += datagram.size();
    return;
  }
  ++up_.dropped;
  if (errno != EAGAIN && errno != ENOBUFS && errno != EMSGSIZE) say_unreachable(connect_status(errno), token);
}

ssize_t DatagramFlow::send(std::string_view datagram, int target, std::optional<std::uint16_t> sequence) {
  for (;;) {
    const ssize_t n = sequence ? send_ping(target, target_.family(), *sequence, datagram)
                               : ::send(target, datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    return n;
  }
}

bool DatagramFlow::take_errors(int target, Clock::time_point now) {
  std::array<char, 64> quoted;
  bool any = false;
  while (const auto error = next_error(target, quoted)) {
    any = true;
    if (!error->status) continue;
    if (!book_) {
      say_unreachable(*error->status, std::nullopt);
      continue;
    }
    const auto sequence = quoted_sequence(error->quoted);
    const auto token = sequence ? book_->take(*sequence, now) : std::nullopt;
    if (token) say_unreachable(*error->status, token);
  }
  return any;
}

void DatagramFlow::say_unreachable(wire::Status reason, std::optional<std::uint32_t> token) {
  ++unreachable_;
  if (notices_.size() >= kMostNotices) return;
  notices_ += wire::encode_unreachable(reason, token ? wire::encode_token(*token) : std::string());
}

CopyResult DatagramFlow::advance_down(Side& target, Side& channel, CopyDown& out, CopyContext& context,
                                      Clock::time_point now) {
  for (int round = 0; round < kRounds; ++round) {
    if (const CopyResult flushed = out.flush(channel, context); flushed != CopyResult::kEnded) return flushed;
    const bool can_read = target.readable && channel.writable;
    const std::size_t filled = can_read ? fill_batch(target, context, now) : 0;
    if (!notices_.empty()) out.enqueue(std::exchange(notices_, std::string()), context);
    if (filled == 0 && out.idle()) return CopyResult::kBlocked;
    std::string_view batch(context.scratch.data(), filled);
    if (filled > 0 && out.idle()) {
      const ssize_t sent = ::send(channel.fd, batch.data(), batch.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      batch.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
    // What was not taken, and an error too, shows when flush() tries again.
    if (!batch.empty()) out.enqueue(batch, context);
  }
  return CopyResult::kTurnOver;
}

/// Frames in the scratch buffer: how many bytes of them.
std::size_t DatagramFlow::fill_batch(Side& target, CopyContext& context, Clock::time_point now) {
  constexpr std::size_t kRoomForAny = wire::kFrameHeaderSize + wire::kMostDatagram + 1;
  const std::size_t most = context.read_size();
  std::size_t filled = 0;
  for (std::size_t i = 0; i < kMostOfABatch && (filled == 0 || most - filled >= kRoomForAny); ++i) {
    const std::span<char> into = context.scratch.subspan(filled, most - filled);
    errno = 0;
    filled += book_ ? receive_ping(target.fd, into, now) : receive_udp(target.fd, into);
    if (errno == EAGAIN) {
      target.readable = false;
      break;
    }
    // An error of an earlier datagram: its details are in the queue.
    if (errno != 0) (void)take_errors(target.fd, now);
  }
  return filled;
}

/// Both: the size of the frame that they made, 0 for none; errno is 0 unless the call failed.
std::size_t DatagramFlow::receive_udp(int target, std::span<char> into) {
  const std::span<char> room = into.subspan(wire::kFrameHeaderSize);
  const ssize_t n = ::recv(target, room.data(), room.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (n < 0) return 0;
  errno = 0;
  const auto size = static_cast<std::size_t>(n);
  if (size > room.size()) {
    ++down_.dropped;
    return 0;
  }
  ++down_.datagrams;
  down_.bytes += size;
  std::ranges::copy(wire::encode_frame_header(wire::FrameType::kDatagram, static_cast<std::uint32_t>(size)), into.begin());
  return wire::kFrameHeaderSize + size;
}

std::size_t DatagramFlow::receive_ping(int target, std::span<char> into, Clock::time_point now) {
  // The reply's ICMP header is overwritten by ours, which is one byte longer: so no payload is moved.
  constexpr std::size_t kBefore = wire::kFrameHeaderSize + wire::kEchoHeaderSize;
  static_assert(kBefore == kPingHeaderSize + 1);
  const auto reply = take_reply(target, target_.family(), into.subspan(1));
  if (!reply) return 0;
  errno = 0;
  const auto token = reply->valid && reply->from == target_ ? book_->take(reply->sequence, now) : std::nullopt;
  if (!token) {
    ++down_.dropped;
    return 0;
  }
  ++down_.datagrams;
  down_.bytes += reply->size;
  const auto size = static_cast<std::uint32_t>(wire::kEchoHeaderSize + reply->size);
  std::ranges::copy(wire::encode_frame_header(wire::FrameType::kDatagram, size), into.begin());
  std::ranges::copy(wire::encode_echo_header(*token, reply->hops), into.begin() + wire::kFrameHeaderSize);
  return kBefore + reply->size;
}

void DatagramFlow::discard(int target) {
  char byte = 0;
  // As many as the receive buffer can hold, and no more: they could go on coming.
  for (int i = 0; i < 1024 && ::recv(target, &byte, sizeof byte, MSG_DONTWAIT) >= 0; ++i) ++down_.dropped;
}

void DatagramFlow::finish(int target, CopyContext& context) {
  context.held -= parser_.held();
  parser_ = wire::DatagramParser();
  if (target >= 0) down_.dropped += dropped_by_kernel(target);
}

}  // namespace dvpn::relay
