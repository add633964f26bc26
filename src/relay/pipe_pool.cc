// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/pipe_pool.h"

#include <fcntl.h>

namespace dvpn::relay {

namespace {

constexpr int kLargeSize = 1 << 20;
constexpr std::uint32_t kMostLarge = 32;  // half of what one account may own
constexpr std::size_t kSmallestUseful = 64u << 10;

}  // namespace

std::unique_ptr<Pipe> PipePool::lend() {
  if (lent_ >= most_) return nullptr;
  std::unique_ptr<Pipe> pipe;
  if (idle_.empty()) {
    pipe = make();
  } else {
    pipe = std::move(idle_.back());  // the last one used: its pages are warm
    idle_.pop_back();
  }
  if (pipe) ++lent_;
  return pipe;
}

void PipePool::give_back(std::unique_ptr<Pipe> pipe, std::size_t left) {
  --lent_;
  if (left > 0 || lent_ + idle_.size() >= most_) {
    if (pipe->size >= std::size_t{kLargeSize}) --large_;
    return;
  }
  idle_.push_back(std::move(pipe));
}

std::unique_ptr<Pipe> PipePool::make() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  auto pipe = std::make_unique<Pipe>(Pipe{UniqueFd(ends[0]), UniqueFd(ends[1]), 0});
  if (large_ < kMostLarge) (void)::fcntl(ends[0], F_SETPIPE_SZ, kLargeSize);  // else it keeps the size that it has
  const int size = ::fcntl(ends[0], F_GETPIPE_SZ);
  if (size < static_cast<int>(kSmallestUseful)) return nullptr;
  if (size >= kLargeSize) ++large_;
  pipe->size = static_cast<std::size_t>(size);
  return pipe;
}

}  // namespace dvpn::relay
