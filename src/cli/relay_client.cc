// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/relay_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "wire/answer.h"
#include "wire/request.h"

namespace dvpn::cli {

namespace {

constexpr timeval kStepPatience{1, 0};  // of each of three steps

bool receive(int fd, char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::recv(fd, into, size, MSG_WAITALL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    into += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

std::expected<std::string, std::string> ask_relay_hello(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return std::unexpected("the path is too long for a socket");
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return std::unexpected(errno_text(errno));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kStepPatience, sizeof kStepPatience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kStepPatience, sizeof kStepPatience);
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), sizeof address) != 0)
    return std::unexpected(errno == ENOENT         ? std::string("there is no such socket: dvpn-relay does not run")
                           : errno == ECONNREFUSED ? std::string("nobody listens: dvpn-relay does not run")
                                                   : errno_text(errno));
  const std::string request = wire::encode(wire::Request());
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return std::unexpected("it takes no request");
  std::string answer(wire::kHeaderSize, '\0');
  if (!receive(fd.get(), answer.data(), answer.size())) return std::unexpected("it does not answer");
  const auto body = wire::answer_body_length(answer);
  if (!body) return std::unexpected("it is of another version: systemctl restart dvpn-relay");
  answer.resize(wire::kHeaderSize + *body);
  if (!receive(fd.get(), answer.data() + wire::kHeaderSize, *body)) return std::unexpected("its answer is cut off");
  const auto decoded = wire::decode_answer(answer);
  if (!decoded || decoded->status != wire::Status::kOk) return std::unexpected("it answers, but not with a yes");
  return decoded->software;
}

}  // namespace dvpn::cli
