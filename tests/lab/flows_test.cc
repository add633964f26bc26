// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a connection between two sites does: bytes, ends, resets and refusals arrive as they were sent, each way, through
// the relay and through a plain sshd (via=direct), for both families. One lab serves all tests: site b is reached through
// its relay, site c has an sshd and nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>
#include <utility>

#include "fixture.h"

namespace dvpn::lab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

constexpr const char* kTopology =
    "site a networks 10.0.31.0/24 fd00:31::/64 wan 203.0.113.1 2001:db8::1 hosts 2\n"
    "site b networks 10.0.32.0/24 fd00:32::/64 wan 203.0.113.2 2001:db8::2 hosts 2\n"
    "site c networks 10.0.33.0/24 fd00:33::/64 wan 203.0.113.3 2001:db8::3 hosts 1\n";

/// Site c's sshd lets a's key in as an ordinary account; a's table goes there directly.
void make_direct(const Lab& all) {
  const Site a = all.site("a"), c = all.site("c");
  c.write("sshd/sshd_config", c.read("sshd/sshd_config") +
                                  "PermitRootLogin prohibit-password\nAuthorizedKeysFile " + c.path("etc/direct_keys") + "\n");
  c.write("etc/direct_keys", a.read("etc/id_ed25519.pub"));
  const Result edited = run_here("sed -i -e 's/#! 203.0.113.3\\(.*\\)/#! root@203.0.113.3\\1 via=direct/' "
                                 "-e 's/#! \\[2001:db8::3\\]:22\\(.*\\)/#! root@[2001:db8::3]:22\\1 via=direct/' " +
                                 a.path("etc/hosts"));
  if (edited.exit != 0) throw std::runtime_error(edited.err);
}

Shared<Lab> lab([] {
  lab.make(kTopology);
  lab->step("install");
  make_direct(*lab);
  const std::string forwards = "forwards: [{listen: 127.0.0.1:2500, to: 10.0.32.2:2500}]\n";
  lab->site("a").write("etc/dvpnd.yaml", lab->site("a").read("etc/dvpnd.yaml") + forwards);
  for (const char* step : {"sshd", "rules"}) lab->step(step);
  lab->step("relay", {"a", "b"});
  lab->step("daemon");
});

/// The flow log lines of a's daemon so far.
std::string log_of_a() { return lab->site("a").log("dvpnd"); }

/// Waits for the log line of a flow to `destination` that ended so.
bool logged(const std::string& destination, const std::string& end) {
  const std::string wanted = "destination=" + destination;
  return wait_until(
      [&] {
        std::istringstream lines(log_of_a());
        for (std::string line; std::getline(lines, line);)
          if (line.find(wanted) != std::string::npos && line.find("end=" + end) != std::string::npos) return true;
        return false;
      },
      10s, "a log line with " + wanted + " end=" + end);
}

struct Way {
  const char* name;
  const char* host;      // the far host
  const char* address;   // its address
  const char* shown;     // as an endpoint's host
};

class Flow : public testing::TestWithParam<Way> {
 protected:
  Host near_ = lab->host("a.h1");
  Host far_ = lab->host(GetParam().host);
  std::string address_ = GetParam().address;
  std::string endpoint(int port) const { return std::string(GetParam().shown) + ":" + std::to_string(port); }
  bool direct() const { return std::string(GetParam().host) == "c.h1"; }
};

INSTANTIATE_TEST_SUITE_P(Ways, Flow,
                         testing::Values(Way{"relay4", "b.h1", "10.0.32.2", "10.0.32.2"},
                                         Way{"relay6", "b.h1", "fd00:32::2", "[fd00:32::2]"},
                                         Way{"direct4", "c.h1", "10.0.33.2", "10.0.33.2"},
                                         Way{"direct6", "c.h1", "fd00:33::2", "[fd00:33::2]"}),
                         [](const auto& way) { return way.param.name; });

TEST_P(Flow, AServerMaySpeakFirst) {
  const Process server = far_.serve(2100, "say:220-ready hear:quit say:bye close");
  EXPECT_EQ(near_.talk(address_, 2100, "hear:220-ready say:quit hear:bye read").out,
            "read 0 bytes e3b0c44298fc, end\ndone\n");
  EXPECT_TRUE(logged(endpoint(2100), "done"));
}

TEST_P(Flow, TheClientMayEndItsHalfFirst) {
  const Process server = far_.serve(2101, "read send:3000000 close");
  const Result client = near_.talk(address_, 2101, "send:2000000 shut read");
  EXPECT_THAT(client.out, ContainsRegex("^read 3000000 bytes [0-9a-f]+, end\ndone\n$"));
  EXPECT_THAT(server.out(), ContainsRegex("read 2000000 bytes [0-9a-f]+, end"));
  EXPECT_TRUE(logged(endpoint(2101), "done"));
}

TEST_P(Flow, TheServerMayEndItsHalfFirst) {
  const Process server = far_.serve(2102, "send:3000000 shut read");
  const Result client = near_.talk(address_, 2102, "read send:2000000 close");
  EXPECT_THAT(client.out, ContainsRegex("^read 3000000 bytes [0-9a-f]+, end\ndone\n$"));
  EXPECT_TRUE(server.wait_for_output("read 2000000 bytes [0-9a-f]+, end")) << server.out();
  EXPECT_TRUE(logged(endpoint(2102), "done"));
}

TEST_P(Flow, AResetOfTheClientIsAResetAtTheServer) {
  const Process server = far_.serve(2103, "hear:go say:gone read");
  // (A reset takes along what has not been read yet, so the server's word comes first.)
  EXPECT_EQ(near_.talk(address_, 2103, "say:go hear:gone send:100000 reset").out, "done\n");
  // Without frames sshd can tell the target no more than that the connection is closed.
  EXPECT_TRUE(server.wait_for_output(direct() ? "read .*, (end|reset)" : "read .*, reset")) << server.out();
  EXPECT_TRUE(logged(endpoint(2103), "client-reset"));
}

TEST_P(Flow, AResetOfTheServerIsAResetAtTheClient) {
  if (direct()) GTEST_SKIP() << "a far reset looks like an end there: sshd says no more (dvpn-hosts(5), via=)";
  const Process server = far_.serve(2104, "hear:go send:100000 reset");
  const Result client = near_.talk(address_, 2104, "say:go read");
  EXPECT_THAT(client.out, HasSubstr(", reset\n"));
  EXPECT_TRUE(logged(endpoint(2104), "target-reset"));
}

TEST_P(Flow, UrgentDataStaysInTheStream) {
  const Process server = far_.serve(2112, "read");
  const Result client = near_.run("python3 -c \"import socket; s = socket.create_connection(('" + address_ +
                                  "', 2112)); s.send(b'abort', socket.MSG_OOB); s.send(b' it'); s.shutdown(1); s.recv(1)\"");
  EXPECT_EQ(client.exit, 0) << client.err;
  EXPECT_TRUE(server.wait_for_output("read 8 bytes [0-9a-f]+, end")) << server.out();
}

TEST_P(Flow, AResetIsNoticedWhileNothingMoves) {
  const Process server = far_.serve(2105, "hear:go say:gone hold");
  // (A reset that comes before the flow is open is not seen at the server at all.)
  EXPECT_EQ(near_.talk(address_, 2105, "say:go hear:gone shut reset").out, "done\n");
  EXPECT_TRUE(server.wait_for_output(direct() ? "end|reset" : "reset|end at|end")) << server.out();
}

TEST_P(Flow, ARefusedTargetIsRefusedHereAndTheLogSaysWhy) {
  EXPECT_EQ(near_.talk(address_, 2199, "read").out, "refused\n");
  EXPECT_TRUE(logged(endpoint(2199), "refused"));
}

TEST_P(Flow, AnUnreachableTargetIsUnreachableHereAndTheLogSaysWhy) {
  std::string nobody = address_;
  nobody.back() = '9';
  std::string shown = endpoint(2198);
  shown.replace(shown.find(address_), address_.size(), nobody);
  EXPECT_EQ(near_.talk(nobody, 2198, "read").out, "EHOSTUNREACH\n");
  EXPECT_TRUE(logged(shown, "host-unreachable"));
}

TEST_P(Flow, TheGatewaysOwnConnectionsAreCarriedToo) {
  const Process server = far_.serve_page(2106, "for the gateway");
  const std::string url = "'http://" + endpoint(2106) + "/'";
  EXPECT_EQ(lab->host("a.gw").run("curl -s " + url).out, "for the gateway\n");
}

TEST_P(Flow, ASlowReaderStopsTheSender) {
  const Process server = far_.serve(2107, "send:200000000 close");
  const Process client = near_.start(source_folder() + "/tests/lab/lib/peer connect " + address_ + " 2107 take:1000 hold");
  // The far server fills the buffers on the way until they are full, and not beyond.
  std::string acked;
  auto changed = std::chrono::steady_clock::now();
  const auto stands_still = [&] {
    const std::string now = far_.run("ss -Htin state established '( sport = :2107 )' | grep -o 'bytes_acked:[0-9]*'").out;
    if (std::exchange(acked, now) != now || now.empty()) changed = std::chrono::steady_clock::now();
    return std::chrono::steady_clock::now() - changed > 500ms;
  };
  EXPECT_TRUE(wait_until(stands_still, 20s, "the sender to stop"));
  EXPECT_LT(std::stol("0" + acked.substr(std::min(acked.size(), acked.find(':') + 1))), 100'000'000);
  const std::string status = run_here("cat " + std::string("/proc/" + std::to_string(lab->site("a").pid("dvpnd")) + "/status")).out;
  EXPECT_LT(std::stol(status.substr(status.find("VmRSS:") + 6)), 100'000);  // KiB
  client.kill(9);
}

TEST(Forward, ALocalPortLeadsToTheFarServer) {
  const Process server = lab->host("b.h1").serve(2500, "say:220-mail hear:quit close");
  EXPECT_EQ(lab->host("a.gw").talk("127.0.0.1", 2500, "hear:220-mail say:quit read").out,
            "read 0 bytes e3b0c44298fc, end\ndone\n");
  EXPECT_TRUE(logged("10.0.32.2:2500", "done"));
}

TEST(Refused, AConnectionStraightToTheListenersPort) {
  const Host gateway = lab->host("a.gw");
  EXPECT_EQ(gateway.talk("127.0.0.1", 9040, "read").out, "refused\n");  // the rules
  EXPECT_EQ(lab->host("a.h1").talk("10.0.31.1", 9040, "read").out, "refused\n");
  gateway.run("iptables -I INPUT 1 -i lo -p tcp --dport 9040 -j ACCEPT");
  EXPECT_THAT(gateway.talk("127.0.0.1", 9040, "read").out, HasSubstr("reset"));  // and the daemon
  gateway.run("iptables -D INPUT 1");
  EXPECT_THAT(log_of_a(), ContainsRegex("flow refused protocol=tcp client=127.0.0.1:[0-9]+ destination=127.0.0.1:9040 end=not-redirected"));
}

TEST(Reached, TheFarGatewaysOwnLanAddress) {
  const Process server = lab->host("b.gw").serve_page(2108, "the gateway's own daemon");
  EXPECT_EQ(lab->host("a.h1").run("curl -s http://10.0.32.1:2108/").out, "the gateway's own daemon\n");
}

TEST(Refused, TheFarGatewaysLoopbackAndWanAddresses) {
  const Process server = lab->host("b.gw").serve_page(2109, "private");
  const Site a = lab->site("a");
  const std::string before = a.read("etc/hosts");
  a.write("etc/hosts", before + "10.0.99.1 loop #! 203.0.113.2 10.0.99.0/32 map=203.0.113.2/32\n");
  ASSERT_EQ(kill(a.pid("dvpnd"), SIGHUP), 0);
  EXPECT_TRUE(wait_until([&] { return log_of_a().find("reloaded: 7 routes") != std::string::npos; }, 10s, "the reload"));
  EXPECT_EQ(lab->host("a.h1").talk("10.0.99.0", 2109, "read").out, "EHOSTUNREACH\n");  // (prohibited, as IPv4 says it)
  EXPECT_TRUE(logged("10.0.99.0:2109", "prohibited"));
  a.write("etc/hosts", before);
  kill(a.pid("dvpnd"), SIGHUP);
}

}  // namespace
}  // namespace dvpn::lab
