// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/copy_down.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "wire/frame.h"

namespace dvpn::relay {

CopyResult CopyDown::advance(Side& target, Side& channel, CopyContext& context, std::size_t budget) {
  const std::uint64_t start = bytes_;
  CopyResult result = CopyResult::kBlocked;
  for (;;) {
    if (const CopyResult flushed = flush(channel, context); flushed != CopyResult::kEnded) return flushed;
    if (finished_) return CopyResult::kEnded;
    if (promised_ == 0) {
      if (!target.readable || !channel.writable) break;
      if (bytes_ - start >= budget) {
        result = CopyResult::kTurnOver;
        break;
      }
    }
    const bool is_long = promised_ > 0 || (bulk_ && begin_long_frame(target, context));
    const Next next = is_long ? fill_frame(target, context, result) : copy_frame(target, channel, context, result);
    if (next == Next::kStop) break;
  }
  if (transit_.empty()) transit_.give_back(context);
  return result;
}

CopyResult CopyDown::flush(Side& channel, CopyContext& context) {
  bool done = true;
  while (done && !transit_.empty()) done = transit_.drain_to(channel.fd) > 0;
  if (done && !held_.empty()) done = held_.send_to(channel.fd, context);
  if (done) return CopyResult::kEnded;
  if (errno != EAGAIN) return CopyResult::kChannelFailed;
  channel.writable = false;
  return CopyResult::kBlocked;
}

void CopyDown::enqueue(std::string_view bytes, CopyContext& context) { held_.append(bytes, context); }

/// True if a header that promises at least kSpliceFrom bytes is in the pipe now.
bool CopyDown::begin_long_frame(Side& target, CopyContext& context) {
  int queued = 0;
  if (::ioctl(target.fd, FIONREAD, &queued) != 0 || queued < static_cast<int>(kSpliceFrom)) return false;
  if (!transit_.borrow(context)) return false;
  promised_ = std::min(static_cast<std::uint32_t>(queued), wire::kMostPayload);
  const auto header = wire::encode_frame_header(wire::FrameType::kData, promised_);
  transit_.put({header.data(), header.size()});
  return true;
}

/// The promised bytes are in the target's receive queue. Those that splice(2) does not take (it stops at urgent data)
/// are copied.
CopyDown::Next CopyDown::fill_frame(Side& target, CopyContext& context, CopyResult& result) {
  ssize_t n = transit_.holds_pipe() || transit_.borrow(context) ? transit_.fill_from(target.fd, promised_) : 0;
  if (n <= 0) {
    const std::size_t most = std::min<std::size_t>(promised_, context.read_size());
    n = receive(target.fd, context.scratch.data(), most);
    if (n <= 0) return failed_to_read(target, n, result);
    held_.append({context.scratch.data(), static_cast<std::size_t>(n)}, context);
  }
  promised_ -= static_cast<std::uint32_t>(n);
  bytes_ += static_cast<std::uint64_t>(n);
  return Next::kGoOn;
}

CopyDown::Next CopyDown::copy_frame(Side& target, Side& channel, CopyContext& context, CopyResult& result) {
  char* const scratch = context.scratch.data();
  const std::size_t most = context.read_size() - wire::kFrameHeaderSize;
  const ssize_t n = receive(target.fd, scratch + wire::kFrameHeaderSize, most);
  bulk_ = n == static_cast<ssize_t>(most);
  if (n == 0 && !failing_) {
    finished_ = true;
    held_.append(says_ready_ ? wire::encode_end() + wire::encode_ready() : wire::encode_end(), context);
    return Next::kGoOn;
  }
  if (n <= 0) return failed_to_read(target, n, result);
  const auto payload = static_cast<std::size_t>(n);
  const auto header = wire::encode_frame_header(wire::FrameType::kData, static_cast<std::uint32_t>(payload));
  std::ranges::copy(header, scratch);
  bytes_ += payload;
  const std::size_t whole = wire::kFrameHeaderSize + payload;
  const ssize_t sent = ::send(channel.fd, scratch, whole, MSG_NOSIGNAL | MSG_DONTWAIT);
  const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  // What was not taken, and an error too, shows when flush() tries again.
  if (taken < whole) held_.append({scratch + taken, whole - taken}, context);
  return Next::kGoOn;
}

CopyDown::Next CopyDown::failed_to_read(Side& target, ssize_t n, CopyResult& result) {
  target.readable = false;
  if (n < 0 && errno == EAGAIN) {
    result = CopyResult::kBlocked;
    return Next::kStop;
  }
  error_ = n < 0 ? errno : ECONNRESET;
  result = CopyResult::kTargetFailed;
  return Next::kStop;
}

void CopyDown::drop(CopyContext& context) {
  held_.drop(context);
  transit_.give_back(context);
}

}  // namespace dvpn::relay
