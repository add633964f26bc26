// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/copy_up.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace dvpn::relay {

namespace {

/// Spans of payload out of one chunk, sent in one call.
class Gather {
 public:
  bool full() const { return count_ == spans_.size(); }
  void add(std::string_view span) {
    spans_[count_++] = {const_cast<char*>(span.data()), span.size()};
    bytes_ += span.size();
  }
  std::size_t bytes() const { return bytes_; }

  /// Sends; whatever the receiver does not take is appended to `held`. False with errno set if it failed or is full.
  bool send_to(int fd, Held& held, CopyContext& context) {
    if (bytes_ == 0) return true;
    msghdr message{};
    message.msg_iov = spans_.data();
    message.msg_iovlen = count_;
    ssize_t n = -1;
    do n = held.empty() ? ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    while (n < 0 && errno == EINTR);
    const int error = errno;
    std::size_t sent = n < 0 ? 0 : static_cast<std::size_t>(n);
    const bool all = sent == bytes_;
    for (const iovec& span : std::span(spans_.data(), count_)) {
      const std::size_t skip = std::min(sent, span.iov_len);
      sent -= skip;
      if (skip < span.iov_len)
        held.append({static_cast<const char*>(span.iov_base) + skip, span.iov_len - skip}, context);
    }
    count_ = 0;
    bytes_ = 0;
    errno = n < 0 ? error : EAGAIN;
    return all;
  }

 private:
  std::array<iovec, 64> spans_{};
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

CopyResult CopyUp::advance(Side& channel, Side& target, CopyContext& context, std::size_t budget) {
  const std::uint64_t start = bytes_;
  CopyResult result = CopyResult::kBlocked;
  for (;;) {
    if (verdict_ != CopyResult::kBlocked) return verdict_;  // a reset does not wait for what it overtakes
    if (!flush(target, context, result)) return result;
    if (parser_.ended() && !end_said_) {
      end_said_ = true;
      return CopyResult::kEnded;
    }
    if (!channel.readable || !target.writable) return CopyResult::kBlocked;
    if (bytes_ - start >= budget) return CopyResult::kTurnOver;
    const bool is_long = parser_.data_left() >= kSpliceFrom && transit_.borrow(context);
    const Next next =
        is_long ? splice_payload(channel, context, result) : copy_frames(channel, target, context, result);
    if (next == Next::kStop) {
      if (transit_.empty()) transit_.give_back(context);
      return result;
    }
  }
}

/// False: `result` says why not everything could be delivered.
bool CopyUp::flush(Side& target, CopyContext& context, CopyResult& result) {
  bool done = held_.empty() || held_.send_to(target.fd, context);
  while (done && !transit_.empty()) done = transit_.drain_to(target.fd) > 0;
  if (done) {
    if (parser_.data_left() < kSpliceFrom) transit_.give_back(context);
    return true;
  }
  if (errno == EAGAIN) {
    target.writable = false;
    result = CopyResult::kBlocked;
  } else {
    error_ = errno;
    result = CopyResult::kTargetFailed;
  }
  return false;
}

CopyUp::Next CopyUp::splice_payload(Side& channel, CopyContext& context, CopyResult& result) {
  const ssize_t n = transit_.fill_from(channel.fd, parser_.data_left());
  if (n > 0) {
    parser_.took(static_cast<std::uint32_t>(n));
    bytes_ += static_cast<std::uint64_t>(n);
    return Next::kGoOn;
  }
  transit_.give_back(context);
  channel.readable = false;
  if (n == 0)
    result = CopyResult::kChannelClosed;
  else
    result = errno == EAGAIN ? CopyResult::kBlocked : CopyResult::kChannelFailed;
  return Next::kStop;
}

CopyUp::Next CopyUp::copy_frames(Side& channel, Side& target, CopyContext& context, CopyResult& result) {
  const std::size_t most = context.read_size();
  const ssize_t n = receive(channel.fd, context.scratch.data(), most);
  if (n > 0) {
    take_apart({context.scratch.data(), static_cast<std::size_t>(n)}, target, context);
    return Next::kGoOn;
  }
  channel.readable = false;
  if (n == 0)
    result = CopyResult::kChannelClosed;
  else
    result = errno == EAGAIN ? CopyResult::kBlocked : CopyResult::kChannelFailed;
  return Next::kStop;
}

/// Uses up the chunk. A failing target shows when flush() tries again.
void CopyUp::take_apart(std::string_view chunk, Side& target, CopyContext& context) {
  Gather gather;
  for (bool more = true; more;) {
    const wire::FrameParser::Event event = parser_.next(chunk);
    switch (event.kind) {
      case wire::FrameParser::Kind::kData:
        bytes_ += event.data.size();
        gather.add(event.data);
        if (gather.full()) (void)gather.send_to(target.fd, held_, context);
        break;
      case wire::FrameParser::Kind::kEnd:
      case wire::FrameParser::Kind::kReady: break;  // (the latter means nothing from a gateway)
      case wire::FrameParser::Kind::kReset:
        verdict_ = CopyResult::kReset;
        more = false;
        break;
      case wire::FrameParser::Kind::kError:
        verdict_ = CopyResult::kProtocolError;
        more = false;
        break;
      case wire::FrameParser::Kind::kNeedMore: more = false; break;
    }
  }
  (void)gather.send_to(target.fd, held_, context);
}

void CopyUp::drop(CopyContext& context) {
  held_.drop(context);
  transit_.give_back(context);
}

}  // namespace dvpn::relay
