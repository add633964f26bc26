// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/copy.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace dvpn::relay {

namespace {

constexpr std::size_t kMuchHeld = 64u << 20;
constexpr std::size_t kLittle = 4u << 10;

}  // namespace

std::size_t CopyContext::read_size() const { return much_is_held() ? kLittle : scratch.size(); }
bool CopyContext::much_is_held() const { return held >= kMuchHeld; }

void Held::append(std::string_view bytes, CopyContext& context) {
  bytes_ += bytes;
  context.held += bytes.size();
}

bool Held::send_to(int fd, CopyContext& context) {
  while (sent_ < bytes_.size()) {
    const ssize_t n = ::send(fd, bytes_.data() + sent_, bytes_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    sent_ += static_cast<std::size_t>(n);
  }
  drop(context);
  return true;
}

void Held::drop(CopyContext& context) {
  context.held -= bytes_.size();
  bytes_ = std::string();  // gives the memory back
  sent_ = 0;
}

bool Transit::borrow(CopyContext& context) {
  if (!pipe_) pipe_ = context.pipes.lend();
  return pipe_ != nullptr;
}

void Transit::give_back(CopyContext& context) {
  if (pipe_) context.pipes.give_back(std::move(pipe_), bytes_);
  bytes_ = 0;
}

void Transit::put(std::string_view bytes) {
  const ssize_t n = ::write(pipe_->in.get(), bytes.data(), bytes.size());
  assert(n == static_cast<ssize_t>(bytes.size()));  // an empty pipe takes a page at least
  bytes_ += static_cast<std::size_t>(n);
}

ssize_t Transit::fill_from(int fd, std::size_t most) {
  for (;;) {
    const ssize_t n = ::splice(fd, nullptr, pipe_->in.get(), nullptr, std::min(most, pipe_->size),
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) bytes_ += static_cast<std::size_t>(n);
    return n;
  }
}

ssize_t Transit::drain_to(int fd) {
  for (;;) {
    const ssize_t n = ::splice(pipe_->out.get(), nullptr, fd, nullptr, bytes_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) bytes_ -= static_cast<std::size_t>(n);
    return n;
  }
}

ssize_t receive(int fd, char* into, std::size_t most) {
  for (;;) {
    const ssize_t n = ::recv(fd, into, most, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    return n;
  }
}

}  // namespace dvpn::relay
