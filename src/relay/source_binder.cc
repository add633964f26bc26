// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/source_binder.h"

#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/privileges.h"

namespace dvpn::relay {

namespace {

/// Both processes are the same program: as it is in memory.
struct Question {
  std::uint64_t number;
  std::uint8_t address[16];
  std::uint8_t width;  // bytes of it
  std::uint8_t unused;
  std::uint16_t port;
  std::uint32_t unused_too;
};

/// Room for one descriptor; were more sent, the kernel would close them.
union FdControl {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};
constexpr std::size_t kOneFd = CMSG_LEN(sizeof(int));

/// The one descriptor that came along, ours from now on.
UniqueFd received_fd(msghdr& message) {
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != kOneFd)
    return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

int bind_to(int fd, const net::Endpoint& source) {
  sockaddr_storage storage;
  const socklen_t size = source.to_sockaddr(storage);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
}

}  // namespace

bool SourceBinder::allow(const Settings& settings) {
  claimable_.clear();
  for (const Rule& rule : settings.rules) claimable_.insert(claimable_.end(), rule.from.begin(), rule.from.end());
  own_ = settings.wan_addresses;
  const Effect wanted = claimable_.empty() ? Effect::kOff : Effect::kOn;
  return set_effect(CAP_NET_RAW, wanted).has_value() || wanted == Effect::kOff;
}

void SourceBinder::serve() {
  while (fd_) {
    Question question{};
    FdControl control{};
    iovec into = {&question, sizeof question};
    msghdr message{};
    message.msg_iov = &into;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = kOneFd;
    const ssize_t n = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return fd_.reset();
    UniqueFd socket = received_fd(message);
    const auto address = net::Address::from_bytes(
        {reinterpret_cast<const char*>(question.address), std::min<std::size_t>(question.width, sizeof question.address)});
    SourceAsker::Answer answer{question.number, EINVAL};
    if (n == sizeof question && socket && address)
      answer.error = bind_socket(socket.get(), {*address, question.port});
    socket.reset();  // before the child goes on with it
    (void)::send(fd_.get(), &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

/// The client's own port first, shared with its flows to other targets; if it is taken, or not for us, any other.
int SourceBinder::bind_socket(int socket, const net::Endpoint& source) const {
  const auto holds = [&](const net::Prefix& prefix) { return prefix.contains(source.address); };
  if (std::ranges::none_of(claimable_, holds) || std::ranges::find(own_, source.address) != own_.end()) return EACCES;
  const bool is_ipv4 = source.address.is_ipv4();
  if (!(is_ipv4 ? set_option(socket, IPPROTO_IP, IP_TRANSPARENT, 1)
                : set_option(socket, IPPROTO_IPV6, IPV6_TRANSPARENT, 1)))
    return errno;
  if (source.port != 0) {
    (void)set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind_to(socket, source) == 0) return 0;
    (void)set_option(socket, SOL_SOCKET, SO_REUSEADDR, 0);
  }
  // The port is then chosen when the socket is connected, and may be that of flows to other targets.
  (void)set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return bind_to(socket, {source.address, 0});
}

std::uint64_t SourceAsker::ask(int socket, const net::Endpoint& source) {
  Question question{};
  question.number = ++last_;
  question.width = static_cast<std::uint8_t>(source.address.width() / 8);
  std::ranges::copy(source.address.bytes(), question.address);
  question.port = source.port;
  FdControl control{};
  iovec from = {&question, sizeof question};
  msghdr message{};
  message.msg_iov = &from;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = kOneFd;
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = kOneFd;
  std::memcpy(CMSG_DATA(&control.header), &socket, sizeof socket);
  for (;;) {
    const ssize_t n = ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    return n < 0 ? 0 : question.number;
  }
}

std::optional<SourceAsker::Answer> SourceAsker::next() const {
  Answer answer;
  for (;;) {
    const ssize_t n = ::recv(fd_.get(), &answer, sizeof answer, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n != sizeof answer) return std::nullopt;
    return answer;
  }
}

Result<SourcePair> make_source_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return fail_errno("socketpair", errno);
  return SourcePair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace dvpn::relay
