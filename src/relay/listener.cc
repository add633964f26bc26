// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace dvpn::relay {

namespace {

constexpr mode_t kMode = 0660;
constexpr int kBacklog = 4096;  // the kernel takes the lesser of this and net.core.somaxconn

Status make_room(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? Status{} : fail_errno(path, errno);
  if (!S_ISSOCK(found.st_mode))
    return fail(ErrorKind::kConfiguration, text(path, " is no socket: move it away, or set another socket"));
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return fail_errno("socket", errno);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN)
    return fail(ErrorKind::kConfiguration, text(path, ": another process listens there already"));
  if (errno != ECONNREFUSED) return fail_errno(path, errno);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(path, errno);
  return {};
}

}  // namespace

Result<UniqueFd> open_listener(const std::string& path, gid_t group) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::kConfiguration, text(path, ": too long for a socket's path"));
  std::memcpy(address.sun_path, path.data(), path.size());
  if (const Status room = make_room(path, address); !room) return std::unexpected(room.error());
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return fail_errno("socket", errno);
  const mode_t mask = ::umask(0777);  // nobody gets in before owner and mode are right
  const int bound = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(mask);
  if (bound != 0) return fail_errno(path, error);
  if (::lchown(path.c_str(), static_cast<uid_t>(-1), group) != 0 || ::chmod(path.c_str(), kMode) != 0)
    return fail_errno(path, errno);
  if (::listen(listener.get(), kBacklog) != 0) return fail_errno(path, errno);
  return listener;
}

}  // namespace dvpn::relay
