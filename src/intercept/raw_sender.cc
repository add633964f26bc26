// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/raw_sender.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "intercept/ip_packet.h"

namespace dvpn::intercept {

namespace {

/// What every way takes (RFC 8200, section 5). The kernel does not fragment what raw sockets send (raw(7)).
constexpr std::size_t kAnyMtu = 1280;

}  // namespace

Result<std::unique_ptr<RawSender>> RawSender::open() {
  constexpr int kType = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
  std::unique_ptr<RawSender> sender(new RawSender);
  sender->ipv4_ = UniqueFd(::socket(AF_INET, kType, IPPROTO_RAW));
  if (!sender->ipv4_) return fail_errno("a raw socket", errno);
  sender->ipv6_ = UniqueFd(::socket(AF_INET6, kType, IPPROTO_RAW));
  return sender;
}

bool RawSender::send(const net::Address& to, const std::string& packet) const {
  if (packet.empty()) return false;
  bool sent = give(to, packet);
  if (!sent && errno == EMSGSIZE) {
    const auto fragments = in_fragments(packet, kAnyMtu, ++fragmented_);
    sent = std::ranges::all_of(fragments, [&](const std::string& fragment) { return give(to, fragment); });
  }
  ++(sent ? sent_ : lost_);
  return sent;
}

/// False, with errno set, if it was not sent.
bool RawSender::give(const net::Address& to, const std::string& packet) const {
  sockaddr_storage storage;
  const socklen_t length = net::Endpoint{to, 0}.to_sockaddr(storage);
  const void* const address = &storage;
  const int socket = to.is_ipv4() ? ipv4_.get() : ipv6_.get();
  return ::sendto(socket, packet.data(), packet.size(), MSG_DONTWAIT, static_cast<const sockaddr*>(address), length) >= 0;
}

}  // namespace dvpn::intercept
