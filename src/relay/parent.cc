// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/parent.h"

#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "base/log.h"
#include "base/privileges.h"
#include "base/service_notify.h"
#include "base/text.h"
#include "relay/load.h"
#include "relay/message.h"
#include "relay/source_binder.h"

namespace dvpn::relay {

namespace {

/// The child bounds its drain itself; this is for one that hangs.
constexpr auto kPatience = std::chrono::seconds(45);
constexpr timeval kHandOverTimeout = {10, 0};

class Parent {
 public:
  Parent(std::string path, Loaded loaded) : path_(std::move(path)), place_(loaded.place) {
    hand_over_ = std::move(loaded.settings);
  }

  ExitStatus run();

 private:
  using Clock = std::chrono::steady_clock;

  Status start();
  void loop();
  void on_signal(std::uint32_t number);
  void on_message(const Message& message);
  void reload();
  void stop();
  void read_child();
  Status send(MessageKind kind, std::string_view body = {});
  Status send_settings(Settings settings);
  ExitStatus reap();

  std::string path_;
  ChildPlace place_;
  Settings hand_over_;
  UniqueFd control_;
  UniqueFd signals_;
  SourceBinder sources_{UniqueFd()};
  MessageReader reader_;
  pid_t child_ = -1;
  bool child_gone_ = false;
  bool stopping_ = false;
  bool served_ = false;
  Clock::time_point kill_at_ = Clock::time_point::max();
};

Status Parent::start() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno("socketpair", errno);
  control_.reset(ends[0]);
  UniqueFd childs_end(ends[1]);
  Result<SourcePair> sources = make_source_pair();
  if (!sources) return std::unexpected(sources.error());
  sources_ = SourceBinder(std::move(sources->parent));
  (void)::setsockopt(control_.get(), SOL_SOCKET, SO_SNDTIMEO, &kHandOverTimeout, sizeof kHandOverTimeout);
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ < 0) return fail_errno("fork", errno);
  if (child_ == 0) {
    control_.reset();
    ::_exit(run_child(place_, std::move(childs_end), std::move(sources->child), parent));
  }
  childs_end.reset();
  sources->child.reset();
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD}) ::sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return fail_errno("signalfd", errno);
  // It still has to read the configuration and to end a child that hangs, whatever their owners; and CAP_NET_RAW, which
  // takes effect only while there are client sources.
  if (const Status kept = keep_only_capabilities({CAP_DAC_READ_SEARCH, CAP_KILL, CAP_NET_RAW}); !kept) return kept;
  if (const Status forbidden = forbid_new_privileges(); !forbidden) return forbidden;
  return send_settings(std::move(hand_over_));
}

ExitStatus Parent::run() {
  if (const Status started = start(); !started) {
    log_error(started.error().text);
    if (child_ < 0) return kExitFailed;
    control_.reset();  // the child ends by itself
  } else {
    loop();
  }
  return reap();
}

void Parent::loop() {
  while (!child_gone_) {
    std::array<pollfd, 3> fds = {
        {{signals_.get(), POLLIN, 0}, {control_.get(), POLLIN, 0}, {sources_.fd(), POLLIN, 0}}};
    int timeout = -1;
    if (kill_at_ != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(kill_at_ - Clock::now()).count();
      timeout = static_cast<int>(std::max<std::int64_t>(left, 0));
    }
    (void)::poll(fds.data(), fds.size(), timeout);
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) on_signal(info.ssi_signo);
    if (fds[1].revents != 0) read_child();
    if (fds[2].revents != 0) sources_.serve();
    if (kill_at_ <= Clock::now()) {
      log_error("the serving process does not end: killing it");
      (void)::kill(child_, SIGKILL);
      kill_at_ = Clock::time_point::max();
    }
  }
}

void Parent::on_signal(std::uint32_t number) {
  switch (static_cast<int>(number)) {
    case SIGHUP: reload(); break;
    case SIGINT:
    case SIGTERM: stop(); break;
    case SIGUSR1: (void)send(MessageKind::kReport); break;
    default: break;  // SIGCHLD: its end of the socket pair says it as well
  }
}

void Parent::read_child() {
  std::array<char, 4096> buffer;
  const ssize_t n = ::recv(control_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    child_gone_ = true;
    return;
  }
  reader_.feed({buffer.data(), static_cast<std::size_t>(n)});
  for (auto message = reader_.next(); message && *message; message = reader_.next()) on_message(**message);
}

void Parent::on_message(const Message& message) {
  if (message.kind == MessageKind::kHeartbeat) notify_service("WATCHDOG=1");
  if (message.kind != MessageKind::kServing) return;
  if (!served_) log_info(text("serving on ", place_.gaol, place_.socket));
  served_ = true;
  notify_service("READY=1");
}

/// A file that is not valid changes nothing.
void Parent::reload() {
  if (stopping_) return;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  notify_service(text("RELOADING=1\nMONOTONIC_USEC=", microseconds));
  auto loaded = load(path_, Accounts::kResolved);
  if (!loaded) {
    std::fputs(loaded.error().c_str(), stderr);
    log_error("not reloaded: the old configuration stays");
    return notify_service("READY=1");
  }
  std::fputs(loaded->warnings.c_str(), stderr);
  if (loaded->place != place_) log_warning("gaol, socket, user and group change with a restart only");
  if (const Status sent = send_settings(std::move(loaded->settings)); !sent)
    log_error(text("not reloaded: ", sent.error().text));
  else
    log_info("reloaded");
}

void Parent::stop() {
  if (!stopping_) notify_service("STOPPING=1");
  stopping_ = true;
  kill_at_ = std::min(kill_at_, Clock::now() + kPatience);
  (void)send(MessageKind::kDrain);
}

Status Parent::send_settings(Settings settings) {
  if (!sources_.allow(settings))
    log_warning("source: client will not work: CAP_NET_RAW is missing (CapabilityBoundingSet= of the unit)");
  if (const auto interval = watchdog_interval())
    settings.heartbeat =
        std::max(std::chrono::duration_cast<std::chrono::milliseconds>(*interval / 3), std::chrono::milliseconds(1));
  return send(MessageKind::kSettings, encode_settings(settings));
}

Status Parent::send(MessageKind kind, std::string_view body) {
  const std::string bytes = encode_message(kind, body);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(control_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("handing over to the serving process", errno);
    sent += static_cast<std::size_t>(n);
  }
  return {};
}

ExitStatus Parent::reap() {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  if (stopping_ && WIFEXITED(status) && WEXITSTATUS(status) == kChildDone) return kExitOk;
  if (!served_ && WIFEXITED(status))
    return WEXITSTATUS(status) == kChildPlaceTaken ? kExitPlaceTaken : kExitFailed;
  log_error(WIFSIGNALED(status) ? text("the serving process was killed by signal ", WTERMSIG(status))
                                : text("the serving process ended with status ", WEXITSTATUS(status)));
  return kExitChildDied;
}

}  // namespace

ExitStatus check_configuration(const std::string& path) {
  const auto loaded = load(path, Accounts::kIgnored);
  std::fputs(loaded ? loaded->warnings.c_str() : loaded.error().c_str(), stderr);
  if (!loaded) return kExitConfig;
  std::printf("%s: ok\n", path.c_str());
  return kExitOk;
}

ExitStatus run_parent(const std::string& path) {
  auto loaded = load(path, Accounts::kResolved);
  if (!loaded) {
    std::fputs(loaded.error().c_str(), stderr);
    return kExitConfig;
  }
  std::fputs(loaded->warnings.c_str(), stderr);
  if (::geteuid() != 0) {
    log_error("must be started by root, to enter the gaol and to give root up for good");
    return kExitFailed;
  }
  set_log_level(loaded->settings.log_level);
  return Parent(path, *std::move(loaded)).run();
}

}  // namespace dvpn::relay
