// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/copy.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace dvpn::flow {

namespace {

/// One read from the client, one frame, one call of libssh.
constexpr std::size_t kChunk = (256u << 10) - wire::kFrameHeaderSize;

bool is_reset(int number) { return number == ECONNRESET || number == EPIPE || number == ETIMEDOUT || number == ENOTCONN; }

void client_failed(Flow& flow, int number) {
  if (is_reset(number))
    flow.finish(EndReason::kClientReset);
  else
    flow.finish(EndReason::kSystem, errno_text(number));
}

/// How long after a sign that was no error the next one is looked for.
constexpr auto kNoError = std::chrono::milliseconds(100);

/// Notices a client's reset while nobody reads from it. Urgent data, or the ends of both halves while data still waits here,
/// look like an error to epoll(7) (EPOLLPRI, EPOLLHUP) for as long as they last: to wait on would be a busy loop.
net::Task<> watch_client(Flow& flow) {
  while (!flow.ended()) {
    // Unbounded: ended by an error on the socket or by finish().
    const auto [error] = co_await flow.socket.async_wait(net::TcpSocket::wait_error, net::use_result);
    if (flow.ended() || error) co_return;
    int number = 0;
    socklen_t length = sizeof number;
    ::getsockopt(flow.socket.native_handle(), SOL_SOCKET, SO_ERROR, &number, &length);
    if (number != 0) client_failed(flow, number);
    if (flow.ended()) co_return;
    flow.pause.expires_after(kNoError);
    co_await flow.pause.async_wait(net::use_result);
  }
}

void watch(Flow& flow) {
  if (flow.watched || flow.ended()) return;
  flow.watched = true;
  flow.copies.spawn(watch_client(flow));
}

/// Gives `data` to the channel; keeps what it does not take yet.
void offer(Flow& flow, std::string_view data) {
  data.remove_prefix(flow.channel->write(data));
  flow.pending_up.append(data);
}

net::Task<> drain_pending_up(Flow& flow) {
  while (!flow.pending_up.empty() && !flow.ended() && flow.channel->alive()) {
    flow.pending_up.erase(0, flow.channel->write(flow.pending_up));
    if (flow.pending_up.empty()) break;
    watch(flow);
    co_await flow.channel->wait_writable();
  }
  if (flow.pending_up.empty()) flow.pending_up = std::string();  // gives its memory back
}

/// Sends what was left over, waiting for the client. False: the flow has ended.
net::Task<bool> drain_pending_down(Flow& flow) {
  std::size_t sent = 0;
  while (sent < flow.pending_down.size() && !flow.ended()) {
    // Unbounded: ended by the client taking something, by its reset, by its keepalives or by finish().
    co_await flow.socket.async_wait(net::TcpSocket::wait_write, net::use_result);
    if (flow.ended()) break;
    const ssize_t n = ::send(flow.socket.native_handle(), flow.pending_down.data() + sent, flow.pending_down.size() - sent,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) client_failed(flow, errno);
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
  flow.pending_down = std::string();
  co_return !flow.ended();
}

/// Collects the pieces of one read, to be sent in one call each kMost pieces.
class Gather {
 public:
  explicit Gather(Flow& flow) : flow_(flow) {}

  void add(std::string_view piece) {
    if (count_ == kMost) flush();
    flow_.bytes_down += piece.size();
    pieces_[count_++] = {const_cast<char*>(piece.data()), piece.size()};  // sendmsg(2) only reads it
  }

  void flush() {
    if (count_ == 0 || flow_.ended()) return;
    std::size_t sent = 0;
    if (flow_.pending_down.empty()) {
      msghdr message{};
      message.msg_iov = pieces_.data();
      message.msg_iovlen = count_;
      const ssize_t n = ::sendmsg(flow_.socket.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN && errno != EINTR) client_failed(flow_, errno);
      if (n > 0) sent = static_cast<std::size_t>(n);
    }
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t skipped = std::min(sent, pieces_[i].iov_len);
      sent -= skipped;
      flow_.pending_down.append(static_cast<const char*>(pieces_[i].iov_base) + skipped, pieces_[i].iov_len - skipped);
    }
    count_ = 0;
  }

 private:
  static constexpr std::size_t kMost = 64;
  Flow& flow_;
  std::array<iovec, kMost> pieces_{};
  std::size_t count_ = 0;
};

/// Acts on everything in `chunk`. True: the target's half is finished.
bool pass_down(Flow& flow, FarReader& reader, std::string_view chunk) {
  Gather gather(flow);
  bool finished = false;
  while (!flow.ended()) {
    FarReader::Event event = reader.next(chunk);
    switch (event.kind) {
      case FarReader::Kind::kNeedMore: gather.flush(); return finished;
      case FarReader::Kind::kYes: flow.opened = Flow::Clock::now(); break;
      case FarReader::Kind::kData: gather.add(event.data); break;
      case FarReader::Kind::kDatagram:
      case FarReader::Kind::kUnreachable: break;  // of other flows
      case FarReader::Kind::kEnd: finished = true; break;
      case FarReader::Kind::kReady: flow.channel_ready = true; break;
      case FarReader::Kind::kFail: gather.flush(); flow.finish(event.reason, std::move(event.why)); break;
    }
  }
  return finished;
}

/// The target has finished and the client goes on sending: what may still come is a reset, or the channel's end.
net::Task<> await_upward_half(Flow& flow, FarReader& reader, std::span<char> scratch) {
  while (!flow.ended()) {
    co_await flow.channel->wait_readable();
    if (flow.ended()) co_return;
    const ssh::Channel::Read read = flow.channel->read(scratch, 0);
    pass_down(flow, reader, {scratch.data(), read.bytes});
    if (!read.eof || flow.ended()) continue;
    // Without a relay the end of the channel's half is the target's end, which has been seen; its close is not.
    if (flow.route->via == table::Via::kDirect) co_await flow.channel->wait_closed();
    if (flow.ended()) co_return;
    const auto reason = read.lost ? EndReason::kSessionLost : EndReason::kTargetReset;
    flow.finish(reason, "the far side closed while the client was sending");
  }
}

}  // namespace

net::Task<> copy_up(Flow& flow, std::span<char> scratch) {
  const bool framed = flow.route->via == table::Via::kRelay;
  const std::size_t header = framed ? wire::kFrameHeaderSize : 0;
  co_await drain_pending_up(flow);  // the request comes first
  bool waits = false;  // what a client says first is mostly there by now, and goes out together with the request
  while (!flow.ended()) {
    // Unbounded: ended by input, by the client's reset, by its keepalives or by finish().
    if (waits) co_await flow.socket.async_wait(net::TcpSocket::wait_read, net::use_result);
    waits = true;
    if (flow.ended()) co_return;
    std::size_t room = flow.channel->writable();
    while (room <= header && !flow.ended() && flow.channel->alive()) {
      watch(flow);
      co_await flow.channel->wait_writable();
      room = flow.channel->writable();
    }
    if (flow.ended() || !flow.channel->alive()) co_return;  // the downward half says why
    const std::size_t most = std::min(room - header, kChunk);
    const ssize_t n = ::recv(flow.socket.native_handle(), scratch.data() + header, most, MSG_DONTWAIT);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) client_failed(flow, errno);
      continue;
    }
    if (n == 0) break;
    const auto bytes = static_cast<std::size_t>(n);
    if (framed) {
      const auto frame = wire::encode_frame_header(wire::FrameType::kData, static_cast<std::uint32_t>(bytes));
      std::memcpy(scratch.data(), frame.data(), frame.size());
    }
    flow.bytes_up += bytes;
    offer(flow, {scratch.data(), header + bytes});
    if (!flow.pending_up.empty()) co_await drain_pending_up(flow);
  }
  if (flow.ended()) co_return;
  if (framed) {
    flow.pending_up += wire::encode_end();
    co_await drain_pending_up(flow);
  } else {
    flow.channel->send_eof();
  }
  if (!flow.pending_up.empty()) co_return;
  flow.half_finished(flow.up_finished);
  watch(flow);
}

net::Task<> copy_down(Flow& flow, FarReader& reader, std::span<char> scratch) {
  while (!flow.ended()) {
    if (flow.early.empty()) co_await flow.channel->wait_readable();
    if (flow.ended()) co_return;
    const ssh::Channel::Read read = flow.read_far(scratch);
    bool finished = pass_down(flow, reader, {scratch.data(), read.bytes});
    if (!flow.pending_down.empty()) {
      const bool alive = co_await drain_pending_down(flow);
      if (!alive) co_return;
    }
    flow.window.passed(read.bytes, Flow::Clock::now(), flow.channel->round_trip());
    if (!finished && read.eof && !flow.ended()) {
      FarReader::Event end = reader.at_eof(read.lost);
      if (end.kind == FarReader::Kind::kFail) flow.finish(end.reason, std::move(end.why));
      finished = end.kind == FarReader::Kind::kEnd;
    }
    if (finished && !flow.down_finished) {
      ::shutdown(flow.socket.native_handle(), SHUT_WR);
      flow.half_finished(flow.down_finished);
    }
    if (flow.down_finished) break;
  }
  co_await await_upward_half(flow, reader, scratch);
}

}  // namespace dvpn::flow
