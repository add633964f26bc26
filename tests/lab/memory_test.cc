// SPDX-License-Identifier: GPL-2.0-or-later
//
// What large transfers have taken is given back when they are over, while sessions and small flows go on: the far side fills wide
// receive windows of several flows whose clients do not read, then all is read, and small flows take their place.

#include <gtest/gtest.h>

#include <csignal>
#include <iostream>
#include <string>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

/// One after the other reads half of what it gets, and stops. On SIGUSR1 all read the rest, and as many small ones take their place.
constexpr const char* kClient = R"(
import signal, socket
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
kFlows, kHalf = 8, 16 << 20
def begin(what):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
    s.settimeout(30)
    s.connect(("10.0.32.2", 3000))
    s.sendall(what)
    return s
def take(s, left):
    while left > 0:
        more = len(s.recv(min(left, 1 << 18)))
        assert more > 0
        left -= more
large = []
for i in range(kFlows):
    large.append(begin(b"L"))
    take(large[-1], kHalf)
print("stalled", flush=True)
signal.sigwait([signal.SIGUSR1])
for s in large:
    take(s, kHalf)
    assert s.recv(1) == b""
    s.close()
small = [begin(b"S") for i in range(kFlows)]
for s in small: take(s, 1)
print("small", flush=True)
signal.pause()
)";
constexpr const char* kServer = R"(
import socket, threading
def serve(s):
    if s.recv(1) == b"L": s.sendall(bytes(32 << 20))
    else: s.sendall(b"!"); s.recv(1)
    s.shutdown(socket.SHUT_WR)
    while s.recv(1 << 16): pass
    s.close()
l = socket.create_server(("", 3000), backlog=128)
print("listening", flush=True)
while True: threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
)";

std::string python(const char* program) { return std::string("exec python3 -c '") + program + "'"; }

TEST(Memory, OfLargeTransfersIsGivenBackWhileSmallOnesGoOn) {
  Lab lab(two_sites("link b delay 10ms\n"));
  const Site a = lab.site("a");
  lab.step("install");
  configure(a, "daemon", "workers: 2");
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab.step(step);
  const Process server = lab.host("b.h1").start(python(kServer));
  ASSERT_TRUE(server.wait_for_output("listening")) << server.err();
  const pid_t daemon = a.pid("dvpnd");
  const auto megabytes = [daemon] { return std::stol(status_of(daemon, "VmRSS")) / 1024; };

  const long before = megabytes();
  const Process client = lab.host("a.h1").start(python(kClient));
  ASSERT_TRUE(client.wait_for_output("stalled", 60s)) << client.err();
  EXPECT_TRUE(wait_until([&] { return megabytes() > before + 40; }, 20s, "windows to be filled")) << megabytes();
  const long most = megabytes();
  client.kill(SIGUSR1);
  ASSERT_TRUE(client.wait_for_output("small", 60s)) << client.err();
  const bool given_back = wait_until([&] { return megabytes() < before + 24; }, 10s, "memory to be given back");
  std::cout << before << " MB, with wide windows " << most << " MB, afterwards " << megabytes() << " MB" << std::endl;
  EXPECT_TRUE(given_back) << megabytes() << " MB, before " << before << " MB";
}

}  // namespace
}  // namespace dvpn::lab
