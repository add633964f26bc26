// SPDX-License-Identifier: GPL-2.0-or-later
//
// Flows that follow each other share channels: many are carried, byte for byte, and the relay has seen few connections.
// A relay that is replaced in between, or whose kept connections have run out of time, costs no flow.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <regex>
#include <string>

#include "fixture.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

/// One connection after the other: noise there and back. Who ends first alternates: `S` asks the server to.
constexpr const char* kClient = R"(
import os, socket, sys
for i in range(int(sys.argv[2])):
    s = socket.create_connection((sys.argv[1], 3000), timeout=10)
    ends = b'S' if i % 2 else b'C'
    noise = os.urandom(1 + i * 997 % 70000)
    s.sendall(ends + len(noise).to_bytes(4, 'big') + noise)
    if ends == b'C': s.shutdown(socket.SHUT_WR)
    back = b''
    while len(back) < len(noise):
        more = s.recv(1 << 20)
        assert more, f'connection {i} ended after {len(back)} of {len(noise)} bytes'
        back += more
    assert back == noise, f'connection {i}: other bytes'
    assert s.recv(1) == b'', f'connection {i}: more than was sent'
    s.close()
print('all the same')
)";
constexpr const char* kServer = R"(
import socket, threading
def serve(s):
    def take(n):
        got = b''
        while len(got) < n: got += s.recv(n - len(got))
        return got
    ends, size = take(1), int.from_bytes(take(4), 'big')
    s.sendall(take(size))
    if ends == b'S': s.shutdown(socket.SHUT_WR)
    while s.recv(1 << 16): pass
    s.close()
l = socket.create_server(('', 3000), backlog=128)
print('listening', flush=True)
while True: threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
)";

std::string python(const char* program) { return "exec python3 -c '" + std::regex_replace(program, std::regex("'"), "\"") + "'"; }

/// The relay of b, whose kept connections are let go after `spare_timeout`.
class Channels : public testing::Test {
 protected:
  void start(const std::string& spare_timeout) {
    lab_.step("install");
    b_.write("etc/relay.yaml", b_.read("etc/relay.yaml") + "spare_timeout: " + spare_timeout + "\n");
    for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab_.step(step);
    server_.emplace(lab_.host("b.h1").start(python(kServer)));
    ASSERT_TRUE(server_->wait_for_output("listening")) << server_->err();
  }
  void flows(int count) {
    const Result result = lab_.host("a.h1").run(python(kClient) + " 10.0.32.2 " + std::to_string(count), 60s);
    EXPECT_EQ(result.out, "all the same\n") << result.err;
  }
  /// Ends the relay and reads its own account: how many connections it has accepted.
  int accepted() {
    ::kill(b_.pid("dvpn-relay"), SIGTERM);
    EXPECT_TRUE(wait_until([&] { return b_.log("relay").find("counters: ") != std::string::npos; }, 10s, "the relay's counters"));
    std::smatch found;
    const std::string log = b_.log("relay");
    return std::regex_search(log, found, std::regex("counters: accepted (\\d+)")) ? std::stoi(found[1]) : -1;
  }

  Lab lab_{two_sites()};
  Site b_ = lab_.site("b");
  std::optional<Process> server_;
};

TEST_F(Channels, CarryOneFlowAfterTheOther) {
  start("10m");
  flows(200);
  const int connections = accepted();
  EXPECT_GT(connections, 0);
  EXPECT_LT(connections, 20);
}

TEST_F(Channels, OutliveARelayThatIsReplaced) {
  start("10m");
  flows(10);
  EXPECT_GT(accepted(), 0);
  lab_.step("relay", {"b"});
  flows(10);
}

TEST_F(Channels, AreReplacedWhenTheRelayLetsThemGo) {
  start("200ms");
  flows(4);
  const auto none_left = [&] { return lab_.host("b.gw").run("ss -xH | grep -c 'run/relay.sock.*ESTAB\\|ESTAB.*run/relay.sock'").out == "0\n"; };
  ASSERT_TRUE(wait_until(none_left, 10s, "kept channels to be let go"));
  flows(4);
  EXPECT_GE(accepted(), 2);
}

}  // namespace
}  // namespace dvpn::lab
