// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/original_destination.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace dvpn::intercept {

namespace {

// SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST: the kernel's headers for them clash with netinet/in.h.
constexpr int kOriginalDestination = 80;

}  // namespace

std::optional<net::Endpoint> original_destination(int socket, const net::Endpoint& local) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  const int level = local.address.is_ipv4() ? SOL_IP : SOL_IPV6;
  if (::getsockopt(socket, level, kOriginalDestination, &storage, &length) != 0) return std::nullopt;
  return net::Endpoint::from_sockaddr(storage);
}

std::optional<net::Endpoint> local_endpoint(int socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  void* const address = &storage;
  if (::getsockname(socket, static_cast<sockaddr*>(address), &length) != 0) return std::nullopt;
  return net::Endpoint::from_sockaddr(storage);
}

}  // namespace dvpn::intercept
