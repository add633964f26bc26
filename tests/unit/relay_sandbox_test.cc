// SPDX-License-Identifier: GPL-2.0-or-later
// The filter of system calls: what the loop does passes, and whatever else kills.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "base/privileges.h"
#include "relay/landlock.h"
#include "relay/sandbox.h"
#include "relay/target_socket.h"

namespace dvpn::relay {
namespace {

/// How a process in the sandbox ends that does this: 0, or the signal that killed it.
int in_sandbox(void (*what)()) {
  const pid_t process = ::fork();
  if (process == 0) {
    if (!forbid_new_privileges() || !enter_sandbox()) ::_exit(1);
    what();
    ::_exit(0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(process, &status, 0), process);
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return 0;
}

TEST(Sandbox, LetsTheLoopsCallsPass) {
  EXPECT_EQ(in_sandbox([] {
              for (const config::Protocol protocol : {config::Protocol::kTcp, config::Protocol::kUdp, config::Protocol::kPing})
                for (const net::Family family : {net::Family::kIPv4, net::Family::kIPv6}) (void)make_target_socket(protocol, family);
            }),
            0);
}

TEST(Sandbox, KillsWhoDoesAnythingElse) {
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  void (*const forbidden[])() = {
      [] { (void)::open("/etc/passwd", O_RDONLY); },
      [] { (void)::socket(AF_INET, SOCK_RAW | kFlags, IPPROTO_ICMP); },
      [] { (void)::socket(AF_INET6, SOCK_RAW | kFlags, IPPROTO_ICMPV6); },
      [] { (void)::socket(AF_UNIX, SOCK_STREAM | kFlags, 0); },
      [] { (void)::socket(AF_PACKET, SOCK_RAW | kFlags, 0); },
      [] { (void)::socket(AF_NETLINK, SOCK_DGRAM | kFlags, 0); },
      [] { (void)::socket(AF_INET, SOCK_DGRAM | kFlags, IPPROTO_UDPLITE); },
      [] { (void)::bind(0, nullptr, 0); },
      [] { (void)::listen(0, 1); },
      [] { (void)::execl("/bin/true", "true", nullptr); },
      [] { (void)::fork(); },
      [] { (void)::kill(1, 0); },
  };
  for (std::size_t i = 0; i < std::size(forbidden); ++i) EXPECT_EQ(in_sandbox(forbidden[i]), SIGSYS) << i;
}

/// How a process without files answers: 0, or the number of what it could do.
TEST(Landlock, LeavesNoFile) {
  char folder[] = "/tmp/dvpn-landlock-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string file = std::string(folder) + "/file";
  const pid_t process = ::fork();
  if (process == 0) {
    const auto without_files = forbid_new_privileges() ? forbid_files() : fail(ErrorKind::kSystem, "");
    if (!without_files) ::_exit(1);
    if (!*without_files) ::_exit(77);
    if (::open("/etc/passwd", O_RDONLY) >= 0) ::_exit(2);
    if (::open(file.c_str(), O_WRONLY | O_CREAT, 0600) >= 0) ::_exit(3);
    if (::rmdir(folder) == 0) ::_exit(4);
    if (::execl("/bin/true", "true", nullptr) == 0) ::_exit(5);
    ::_exit(0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(process, &status, 0), process);
  EXPECT_EQ(::rmdir(folder), 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace dvpn::relay
