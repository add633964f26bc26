// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/read_ahead.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

namespace dvpn::ssh {

void ReadAhead::attach(int) {}
void ReadAhead::detach() {}
bool ReadAhead::pending() const { return false; }

}  // namespace dvpn::ssh

#else

namespace {

constexpr std::size_t kCapacity = 256u << 10;

/// The thread's registrations, and the one buffer with whose bytes are in it.
struct ThreadReads {
  std::vector<bool> attached;  // by descriptor
  int owner = -1;              // whose bytes are in the buffer
  std::size_t begin = 0;
  std::size_t end = 0;
  std::unique_ptr<char[]> buffer;

  bool has(int fd) const { return fd >= 0 && static_cast<std::size_t>(fd) < attached.size() && attached[static_cast<std::size_t>(fd)]; }
  bool pending(int fd) const { return owner == fd && begin < end; }
  bool free_for(int fd) const { return begin == end || owner == fd; }

  /// recv(2) into the buffer, which is free: what that returned.
  ssize_t fill(int fd, int flags);
};
thread_local ThreadReads reads;

ssize_t system_recv(int fd, void* buffer, std::size_t size, int flags) {
  return ::syscall(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr);
}

int system_poll(pollfd* fds, nfds_t count, int timeout) { return static_cast<int>(::syscall(SYS_poll, fds, count, timeout)); }

ssize_t ThreadReads::fill(int fd, int flags) {
  if (!buffer) buffer = std::make_unique_for_overwrite<char[]>(kCapacity);
  const ssize_t n = system_recv(fd, buffer.get(), kCapacity, flags);
  owner = fd;
  begin = 0;
  end = n > 0 ? static_cast<std::size_t>(n) : 0;
  return n;
}

}  // namespace

extern "C" {

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  ThreadReads& r = reads;
  if (!r.has(fd) || (flags & MSG_PEEK) != 0) return system_recv(fd, buffer, size, flags);
  if (!r.pending(fd)) {
    if (size >= kCapacity || !r.free_for(fd)) return system_recv(fd, buffer, size, flags);
    if (const ssize_t n = r.fill(fd, flags); n <= 0) return n;
  }
  const std::size_t taken = std::min(size, r.end - r.begin);
  std::memcpy(buffer, r.buffer.get() + r.begin, taken);
  r.begin += taken;
  return static_cast<ssize_t>(taken);
}

/// Says at once that there is input when some is pending. The end of the stream and errors are left for recv() to find.
int poll(pollfd* fds, nfds_t count, int timeout) {
  ThreadReads& r = reads;
  if (count != 1 || (fds->events & POLLIN) == 0 || !r.pending(fds->fd) || !r.has(fds->fd)) return system_poll(fds, count, timeout);
  fds->revents = 0;
  if ((fds->events & POLLOUT) != 0 && system_poll(fds, count, 0) < 0) fds->revents = 0;
  fds->revents = static_cast<short>(fds->revents | POLLIN);
  return 1;
}

}  // extern "C"

namespace dvpn::ssh {

void ReadAhead::attach(int fd) {
  detach();
  if (fd < 0) return;
  fd_ = fd;
  const auto index = static_cast<std::size_t>(fd);
  if (reads.attached.size() <= index) reads.attached.resize(index + 1);
  reads.attached[index] = true;
}

void ReadAhead::detach() {
  if (fd_ < 0) return;
  reads.attached[static_cast<std::size_t>(fd_)] = false;
  if (reads.owner == fd_) reads.begin = reads.end = 0;
  fd_ = -1;
}

bool ReadAhead::pending() const { return fd_ >= 0 && reads.pending(fd_); }

}  // namespace dvpn::ssh

#endif
