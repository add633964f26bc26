// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/raw_sender.h"

#include <sys/socket.h>

#include <cerrno>

namespace dvpn::intercept {

Result<std::unique_ptr<RawSender>> RawSender::open() {
  constexpr int kType = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
  std::unique_ptr<RawSender> sender(new RawSender);
  sender->ipv4_ = UniqueFd(::socket(AF_INET, kType, IPPROTO_RAW));
  if (!sender->ipv4_) return fail_errno("a raw socket", errno);
  sender->ipv6_ = UniqueFd(::socket(AF_INET6, kType, IPPROTO_RAW));
  return sender;
}

void RawSender::send(const net::Address& to, const std::string& packet) const {
  if (packet.empty()) return;
  sockaddr_storage storage;
  const socklen_t length = net::Endpoint{to, 0}.to_sockaddr(storage);
  const void* const address = &storage;
  const int socket = to.is_ipv4() ? ipv4_.get() : ipv6_.get();
  const ssize_t n = ::sendto(socket, packet.data(), packet.size(), MSG_DONTWAIT, static_cast<const sockaddr*>(address), length);
  ++(n < 0 ? lost_ : sent_);
}

}  // namespace dvpn::intercept
