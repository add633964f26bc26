// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/datagram_socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/text.h"

namespace dvpn::intercept {

namespace {

bool set(int fd, int level, int option, int value = 1) { return ::setsockopt(fd, level, option, &value, sizeof value) == 0; }

/// IP_TRANSPARENT of either family.
bool make_transparent(int fd, net::Family family) {
  return family == net::Family::kIPv4 ? set(fd, SOL_IP, IP_TRANSPARENT)
                                      : set(fd, SOL_IPV6, IPV6_V6ONLY) && set(fd, SOL_IPV6, IPV6_TRANSPARENT);
}

Result<UniqueFd> bound(const net::Endpoint& to, const std::string& what) {
  sockaddr_storage storage;
  const socklen_t length = to.to_sockaddr(storage);
  const void* const address = &storage;
  UniqueFd fd(::socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(what, errno);
  // Flows of several clients have the same target.
  if (!make_transparent(fd.get(), to.address.family()) || !set(fd.get(), SOL_SOCKET, SO_REUSEADDR)) return fail_errno(what, errno);
  if (::bind(fd.get(), static_cast<const sockaddr*>(address), length) == 0) return fd;
  if (errno != EADDRINUSE) return fail_errno(what, errno);
  return fail(ErrorKind::kConfiguration, text(what, ": another program has port ", to.port, " of this machine on all addresses"));
}

}  // namespace

Result<UniqueFd> stand_in(const net::Endpoint& target, const net::Endpoint& client) {
  const std::string what = text("answering in the name of ", target.to_string());
  auto fd = bound(target, what);
  if (!fd) return fd;
  hold_datagrams(fd->get(), kFewDatagrams);
  sockaddr_storage storage;
  const socklen_t length = client.to_sockaddr(storage);
  const void* const address = &storage;
  if (::connect(fd->get(), static_cast<const sockaddr*>(address), length) != 0) return fail_errno(what, errno);
  return fd;
}

void hold_datagrams(int socket, int bytes) {
  if (!set(socket, SOL_SOCKET, SO_RCVBUFFORCE, bytes)) set(socket, SOL_SOCKET, SO_RCVBUF, bytes);
}

std::uint64_t dropped_by_kernel(int socket) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t length = sizeof memory;
  if (::getsockopt(socket, SOL_SOCKET, SO_MEMINFO, memory.data(), &length) != 0) return 0;
  return memory[SK_MEMINFO_DROPS];
}

}  // namespace dvpn::intercept
