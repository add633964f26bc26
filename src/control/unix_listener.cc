// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/unix_listener.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "base/privileges.h"
#include "base/text.h"

namespace dvpn::control {

namespace {

using Local = net::asio::local::stream_protocol;

bool answers(const Local::endpoint& endpoint, const net::Executor& executor) {
  net::UnixSocket probe(executor);
  net::error_code error;
  probe.connect(endpoint, error);
  return !error;
}

}  // namespace

Status listen_unix(net::UnixAcceptor& acceptor, const std::string& what, const std::string& path, const std::string& group) {
  sockaddr_un limits;
  if (path.size() >= sizeof limits.sun_path) return fail(ErrorKind::kConfiguration, text(what, path, ": the path is too long"));
  const Local::endpoint endpoint(path);
  if (answers(endpoint, acceptor.get_executor()))
    return fail(ErrorKind::kConfiguration, text(what, path, ": another dvpnd serves it already"));
  ::unlink(path.c_str());
  net::error_code error;
  acceptor.open(endpoint.protocol(), error);
  const mode_t mask = ::umask(0177);
  if (!error) acceptor.bind(endpoint, error);
  ::umask(mask);
  if (!error) acceptor.listen(Local::acceptor::max_listen_connections, error);
  if (error) return fail(ErrorKind::kSystem, text(what, path, ": ", error.message()));
  if (group.empty()) return {};
  const Result<gid_t> gid = find_group(group);
  if (!gid) {
    log_warning(text(what, path, ": ", gid.error().text, ": root alone can use it"));
    return {};
  }
  if (::chown(path.c_str(), static_cast<uid_t>(-1), *gid) != 0 || ::chmod(path.c_str(), 0660) != 0)
    log_warning(text(what, path, ": cannot be given to group '", group, "': ", errno_text(errno)));
  return {};
}

}  // namespace dvpn::control
