// SPDX-License-Identifier: GPL-2.0-or-later
// Why the process is killed, and does not just get an error: a call outside the list is either an attack, which must
// not get a second try, or a bug of ours, which must not go unseen. The parent ends as well, and the service manager
// starts both anew.
#include "relay/sandbox.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <memory>

#include "base/log.h"
#include "base/text.h"

namespace dvpn::relay {

namespace {

struct Release {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

constexpr int kCalls[] = {
    // the loop
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(accept4), SCMP_SYS(connect),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(shutdown), SCMP_SYS(close),
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(splice), SCMP_SYS(pipe2), SCMP_SYS(write),
    SCMP_SYS(clock_gettime), SCMP_SYS(restart_syscall),
    // memory
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    // the end, also by abort(3)
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(tgkill)};

Status check(int result, const char* what) {
  if (result == 0) return {};
  return fail_errno(text("seccomp: ", what), -result);
}

struct Socket {
  int family, type, protocol;
};
/// TCP, UDP and ping (icmp(7)): what make_target_socket() makes.
constexpr Socket kSockets[] = {{AF_INET, SOCK_STREAM, 0},           {AF_INET6, SOCK_STREAM, 0},
                               {AF_INET, SOCK_DGRAM, 0},            {AF_INET6, SOCK_DGRAM, 0},
                               {AF_INET, SOCK_DGRAM, IPPROTO_ICMP}, {AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6}};

/// Calls that are allowed with some arguments only.
Status allow_some(scmp_filter_ctx filter) {
  for (const Socket& socket : kSockets) {
    const auto family = static_cast<scmp_datum_t>(socket.family);
    const auto type = static_cast<scmp_datum_t>(socket.type | SOCK_NONBLOCK | SOCK_CLOEXEC);
    const auto protocol = static_cast<scmp_datum_t>(socket.protocol);
    if (const Status added = check(
            ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3, SCMP_A0_64(SCMP_CMP_EQ, family, 0),
                               SCMP_A1_64(SCMP_CMP_EQ, type, 0), SCMP_A2_64(SCMP_CMP_EQ, protocol, 0)),
            "socket");
        !added)
      return added;
  }
  for (const int command : {F_SETPIPE_SZ, F_GETPIPE_SZ}) {
    const auto value = static_cast<scmp_datum_t>(command);
    if (const Status added = check(::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                                      SCMP_A1_64(SCMP_CMP_EQ, value, 0)),
                                   "fcntl");
        !added)
      return added;
  }
  if (const Status added = check(::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                                    SCMP_A1_64(SCMP_CMP_EQ, FIONREAD, 0)),
                                 "ioctl");
      !added)
    return added;
  return check(::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)),
               "mmap");
}

[[maybe_unused]] Status install() {
  const std::unique_ptr<void, Release> filter(::seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return fail(ErrorKind::kSystem, "seccomp: out of memory");
  for (const int call : kCalls)
    if (const Status added = check(::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0), "rule"); !added)
      return added;
  if (const Status added = allow_some(filter.get()); !added) return added;
  return check(::seccomp_load(filter.get()), "loading the filter");
}

}  // namespace

Status enter_sandbox() {
#ifdef DVPN_SANITIZED
  log_warning("built with a sanitizer: no seccomp filter");
  return {};
#else
  return install();
#endif
}

}  // namespace dvpn::relay
