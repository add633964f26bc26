// SPDX-License-Identifier: GPL-2.0-or-later
// The order matters: the socket is opened while still root, but inside the gaol, so that no symbolic link in there
// leads out of it; the first settings are read before the system calls are cut down, because until then nothing that
// a remote party sent has been looked at.
#include "relay/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/log.h"
#include "base/text.h"
#include "relay/listener.h"
#include "relay/message.h"
#include "relay/landlock.h"
#include "relay/sandbox.h"
#include "relay/server.h"

namespace dvpn::relay {

namespace {

Status check_gaol(const std::string& gaol) {
  struct stat found {};
  if (::stat(gaol.c_str(), &found) != 0)
    return fail(ErrorKind::kConfiguration, text(gaol, ": ", errno_text(errno), "; dvpn-chroot build makes the gaol"));
  if (!S_ISDIR(found.st_mode) || found.st_uid != 0 || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(ErrorKind::kConfiguration,
                text(gaol, ": must be a folder that belongs to root and only root can write"));
  return {};
}

Status enter_gaol(const std::string& gaol) {
  if (const Status checked = check_gaol(gaol); !checked) return checked;
  if (::chroot(gaol.c_str()) != 0) return fail_errno(text("chroot ", gaol), errno);
  if (::chdir("/") != 0) return fail_errno("chdir", errno);
  return {};
}

/// The first message; blocks until it is complete. unbounded: ended by the parent, or by its end.
Result<Settings> first_settings(int control) {
  MessageReader reader;
  std::array<char, 16384> buffer;
  for (;;) {
    const auto message = reader.next();
    if (!message) return fail(ErrorKind::kSystem, "the parent makes no sense");
    if (*message) {
      auto settings = (*message)->kind == MessageKind::kSettings ? decode_settings((*message)->body) : std::nullopt;
      if (!settings) return fail(ErrorKind::kSystem, "the parent makes no sense");
      return *std::move(settings);
    }
    const ssize_t n = ::recv(control, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(ErrorKind::kSystem, "the parent process is gone");
    reader.feed({buffer.data(), static_cast<std::size_t>(n)});
  }
}

/// Two descriptors a flow, one a spare, two a pipe, and a few.
void raise_descriptor_limit(const Settings& settings) {
  constexpr rlim_t kOther = 128;
  const rlim_t wanted = rlim_t{settings.limits.flows} * 3 + rlim_t{settings.limits.pipes} * 2 + kOther;
  rlimit limit = {wanted, wanted};
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted)
    log_warning(text("only ", limit.rlim_cur, " descriptors, limits.flows needs ", wanted,
                     ": lower it, or raise fs.nr_open"));
}

Status lock_in(const Account& account, pid_t parent) {
  if (const Status became = become(account, {account.gid}, {}); !became) return became;
  // After the change of account, which clears it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return fail_errno("PR_SET_PDEATHSIG", errno);
  if (::getppid() != parent) return fail(ErrorKind::kSystem, "the parent process is gone");
  if (const Status forbidden = forbid_new_privileges(); !forbidden) return forbidden;
  const auto without_files = forbid_files();
  if (!without_files) return std::unexpected(without_files.error());
  if (!*without_files) log_info("this kernel has no Landlock: the gaol and the filter of system calls have to do");
  return enter_sandbox();
}

/// The terminal and the service manager signal the whole group; the parent says when to drain.
void ignore_signals() {
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE}) ::signal(number, SIG_IGN);
}

/// A descriptor of a folder outside would be a way out of the gaol. What stays is standard error, the log.
Status close_all_but(int one, int other) {
  const unsigned low = static_cast<unsigned>(std::min(one, other));
  const unsigned high = static_cast<unsigned>(std::max(one, other));
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null || ::dup2(null.get(), STDIN_FILENO) < 0 || ::dup2(null.get(), STDOUT_FILENO) < 0)
    return fail_errno("/dev/null", errno);
  if (low > 3) ::close_range(3, low - 1, 0);
  if (high > low + 1) ::close_range(low + 1, high - 1, 0);
  ::close_range(high + 1, UINT_MAX, 0);
  return {};
}

ChildExit failed(const Error& error) {
  log_error(error.text);
  return error.kind == ErrorKind::kConfiguration ? kChildPlaceTaken : kChildFailed;
}

}  // namespace

ChildExit run_child(const ChildPlace& place, UniqueFd control, UniqueFd sources, pid_t parent) {
  ignore_signals();
  if (const Status closed = close_all_but(control.get(), sources.get()); !closed) return failed(closed.error());
  auto settings = first_settings(control.get());
  if (!settings) return failed(settings.error());
  set_log_level(settings->log_level);
  raise_descriptor_limit(*settings);
  if (const Status entered = enter_gaol(place.gaol); !entered) return failed(entered.error());
  auto listener = open_listener(place.socket, place.group);
  if (!listener) return failed(listener.error());
  if (::fcntl(control.get(), F_SETFL, O_NONBLOCK) != 0) return failed({ErrorKind::kSystem, "fcntl"});
  Server server(*std::move(listener), std::move(control), SourceAsker(std::move(sources)), *std::move(settings));
  if (const Status prepared = server.prepare(); !prepared) return failed(prepared.error());
  if (const Status locked = lock_in(place.account, parent); !locked) return failed(locked.error());
  const Status ended = server.run();
  return ended ? kChildDone : failed(ended.error());
}

}  // namespace dvpn::relay
