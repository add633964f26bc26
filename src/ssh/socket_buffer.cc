// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/socket_buffer.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace {

using dvpn::ssh::Overhearing;
using dvpn::ssh::SocketBuffer;

constexpr std::size_t kInput = 256u << 10;
/// After a read of so much there is probably more by now: worth a call that may find nothing.
constexpr ssize_t kLargeRead = 16 << 10;
/// A write of so much is worth a call of its own.
constexpr std::size_t kLargeWrite = 16u << 10;
/// A buffer for output that has grown beyond this is given back once it is empty.
constexpr std::size_t kKeptOutput = 64u << 10;

/// The thread's registrations, by descriptor, and its one buffer for input.
struct ThreadState {
  std::vector<SocketBuffer*> attached;
  Overhearing* overhearing = nullptr;
  const SocketBuffer* owner = nullptr;  // whose bytes are in the buffer
  std::size_t begin = 0;
  std::size_t end = 0;
  std::unique_ptr<char[]> input;

  SocketBuffer* find(int fd) const {
    return fd >= 0 && static_cast<std::size_t>(fd) < attached.size() ? attached[static_cast<std::size_t>(fd)] : nullptr;
  }
};
thread_local ThreadState state;

ssize_t system_recv(int fd, void* buffer, std::size_t size, int flags) {
  return ::syscall(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr);
}

ssize_t system_send(int fd, const void* data, std::size_t size, int flags) {
  return ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
}

int system_poll(pollfd* fds, nfds_t count, int timeout) {
  return static_cast<int>(::syscall(SYS_poll, fds, count, timeout));
}

}  // namespace

extern "C" {

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  SocketBuffer* const own = state.find(fd);
  if (own != nullptr) return own->receive(buffer, size, flags);
  const ssize_t n = system_recv(fd, buffer, size, flags);
  if (n > 0 && state.overhearing != nullptr) state.overhearing->add(fd, static_cast<const char*>(buffer), static_cast<std::size_t>(n));
  return n;
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  SocketBuffer* const own = state.find(fd);
  return own != nullptr ? own->send(data, size) : system_send(fd, data, size, flags);
}

int poll(pollfd* fds, nfds_t count, int timeout) {
  SocketBuffer* const own = count == 1 && timeout == 0 ? state.find(fds->fd) : nullptr;
  if (own == nullptr) return system_poll(fds, count, timeout);
  fds->revents = own->ready(fds->events);
  return fds->revents != 0 ? 1 : 0;
}

}  // extern "C"

namespace dvpn::ssh {

void SocketBuffer::attach(int fd) {
  detach();
  if (fd < 0) return;
  fd_ = fd;
  const auto index = static_cast<std::size_t>(fd);
  if (state.attached.size() <= index) state.attached.resize(index + 1);
  state.attached[index] = this;
}

void SocketBuffer::detach() {
  if (fd_ < 0) return;
  state.attached[static_cast<std::size_t>(fd_)] = nullptr;
  if (state.owner == this) state.begin = state.end = 0;
  fd_ = -1;
  readable_ = false;
  out_ = std::string();
  sent_ = 0;
}

bool SocketBuffer::holds_input() const { return state.owner == this && state.begin < state.end; }

/// Reads ahead, so that POLLIN is said only when the read that follows gives something: to libssh EAGAIN is an error.
/// POLLOUT always holds.
short SocketBuffer::ready(short events) {
  const short out = events & POLLOUT;
  const short in = events & POLLIN;
  if (in == 0) return out;
  if (holds_input() || failure_ != 0) return out | in;
  if (!readable_) return out;
  if (state.begin < state.end) {  // another session's
    pollfd plain = {.fd = fd_, .events = POLLIN, .revents = 0};
    readable_ = system_poll(&plain, 1, 0) == 1;
    return readable_ ? out | in : out;
  }
  if (!state.input) state.input = std::make_unique_for_overwrite<char[]>(kInput);
  ssize_t n = -1;
  do n = system_recv(fd_, state.input.get(), kInput, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  readable_ = n >= kLargeRead;
  if (n > 0) {
    state.owner = this;
    state.begin = 0;
    state.end = static_cast<std::size_t>(n);
  } else if (n < 0) {
    if (errno == EAGAIN) return out;
    failure_ = errno;
  }
  return out | in;
}

ssize_t SocketBuffer::receive(void* buffer, std::size_t size, int flags) {
  if (failure_ != 0) {
    errno = std::exchange(failure_, 0);
    return -1;
  }
  if (!holds_input()) return system_recv(fd_, buffer, size, flags);
  const std::size_t taken = std::min(size, state.end - state.begin);
  std::memcpy(buffer, state.input.get() + state.begin, taken);
  state.begin += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t SocketBuffer::send(const void* data, std::size_t size) {
  const char* const bytes = static_cast<const char*>(data);
  std::size_t gone = 0;
  if (out_.empty() && size >= kLargeWrite) {
    const ssize_t n = system_send(fd_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    gone = n > 0 ? static_cast<std::size_t>(n) : 0;  // (an error comes again, to flush(): libssh would close the socket)
  }
  out_.append(bytes + gone, size - gone);
  return static_cast<ssize_t>(size);
}

SocketBuffer::Flush SocketBuffer::flush() {
  while (unsent() > 0) {
    const ssize_t n = system_send(fd_, out_.data() + sent_, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return Flush::kFailed;
    if (n < 0) {
      // The front goes once it is the larger part: the sum of what is moved stays below what is sent.
      if (sent_ > unsent()) out_.erase(0, std::exchange(sent_, 0));
      return Flush::kBlocked;
    }
    sent_ += static_cast<std::size_t>(n);
  }
  if (out_.capacity() > kKeptOutput) out_ = std::string();
  out_.clear();
  sent_ = 0;
  return Flush::kDone;
}

Overhearing::Overhearing(int fd, std::string& heard, std::size_t most) : fd_(fd), heard_(heard), most_(most) { state.overhearing = this; }

Overhearing::~Overhearing() { state.overhearing = nullptr; }

void Overhearing::add(int fd, const char* taken, std::size_t size) {
  if (fd == fd_) heard_.append(taken, std::min(size, most_ - heard_.size()));
}

}  // namespace dvpn::ssh
