// SPDX-License-Identifier: GPL-2.0-or-later
//
// A far gateway that cannot be used: whatever is wrong with it, clients hear within a bound that the network cannot be
// reached, the log says why in its own word, its sshd sees few attempts under many connections, and once it is back flows succeed. The
// daemon at a is new for each test; the timings are short.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

constexpr unsigned kWorkers = 2;  // each has sessions and back-off of its own
constexpr int kClients = 20;      // in a stream

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  const Site a = lab->site("a");
  for (const char* line : {"connect_timeout: 1500ms", "keepalive: 300ms", "keepalive_misses: 2", "backoff_min: 200ms",
                           "backoff_max: 5s"})
    configure(a, "ssh", line);
  configure(a, "daemon", "workers: " + std::to_string(kWorkers));
  for (const char* step : {"rules", "relay"}) lab->step(step);
});

class GatewayFault : public testing::Test {
 protected:
  const Site a_ = lab->site("a"), b_ = lab->site("b");
  const Host client_ = lab->host("a.h1");
  const std::string pins_ = a_.read("etc/known_hosts"), table_ = a_.read("etc/hosts");
  const std::string keys_ = b_.read("etc/authorized_keys.d/dvpn");
  Process server_ = lab->host("b.h1").serve(2000, "say:hello close");
  std::size_t attempts_before_ = 0;

  void SetUp() override {
    if (b_.pid("sshd") == 0) start(*lab, "b", "sshd");
    a_.write("log/dvpnd.log", "");
    attempts_before_ = attempts_ever();
    b_.gateway().run("iptables -I INPUT 1 -p tcp --syn --dport 22 -m comment --comment attempts");
  }
  void TearDown() override {
    end(a_, "dvpnd", SIGTERM);
    b_.gateway().run("iptables -D INPUT 1");
    a_.write("etc/known_hosts", pins_);
    a_.write("etc/hosts", table_);
    b_.write("etc/authorized_keys.d/dvpn", keys_);
  }

  void start_daemon() const { start(*lab, "a", "daemon"); }
  Result connect(const std::string& address = "10.0.32.2") const { return client_.talk(address, 2000, "hear:hello read"); }
  bool works() const { return connect().out == "read 0 bytes e3b0c44298fc, end\ndone\n"; }
  void works_again(Duration within) const {
    EXPECT_TRUE(wait_until([&] { return works(); }, within, "a flow to succeed")) << a_.log("dvpnd");
  }

  /// One connection after the other; every one must fail at once or within `each`: the network cannot be reached. (The
  /// kernel sends few such errors to one host: who does not get one is refused when it tries again, after a second.)
  void every_client_is_told(Duration each, const std::string& address = "10.0.32.2", int clients = kClients) const {
    bool told = false;
    for (int i = 0; i < clients; ++i) {
      const Result client = connect(address);
      EXPECT_THAT(client.out, testing::AnyOf("ENETUNREACH\n", "refused\n"));
      told = told || client.out == "ENETUNREACH\n";
      EXPECT_LT(client.seconds, std::chrono::duration<double>(each).count());
    }
    EXPECT_TRUE(told);
  }

  std::size_t attempts_ever() const { return count(b_.log("sshd"), "Connection from 203.0.113.1 "); }
  /// What b's sshd has seen in this test.
  std::size_t attempts() const { return attempts_ever() - attempts_before_; }
  /// What came as far as b's machine, sshd or not: retransmissions as well.
  int packets() const { return std::stoi("0" + b_.gateway().run("iptables -nvxL INPUT 1 | awk '{print $1}'").out); }

  void gateway_is(const std::string& state, const std::string& error) const {
    const Result gateways = dvpn(a_, "gateways"), status = dvpn(a_, "status");
    EXPECT_THAT(gateways.out, ContainsRegex("203.0.113.2 +" + state)) << gateways.err;
    EXPECT_THAT(gateways.out, HasSubstr(error));
    EXPECT_EQ(status.exit, 1);
    EXPECT_THAT(status.out, HasSubstr("gateway 203.0.113.2 is down: "));
    EXPECT_THAT(status.out, HasSubstr(error));
  }
};

struct Pin {
  const char* name;
  const char* command;  // writes known_hosts at $1, where the right line is $2 and $3 a folder for keys
  const char* end;
  const char* error;
  unsigned attempts;  // at the far sshd, of each worker
};

void PrintTo(const Pin& pin, std::ostream* out) { *out << pin.name; }

class HostKey : public GatewayFault, public testing::WithParamInterface<Pin> {};

INSTANTIATE_TEST_SUITE_P(
    All, HostKey,
    testing::Values(
        Pin{"unknown", "echo '# nothing' >$1", "host-key-unknown", "no host key is pinned for it in known_hosts", 0},
        Pin{"changed", "ssh-keygen -qt ed25519 -N '' -f $3/k; echo 203.0.113.2 $(cat $3/k.pub) >$1", "host-key-changed",
            "is not the one that is pinned in known_hosts", 1},
        Pin{"revoked", "{ echo \"$2\"; echo \"@revoked $2\"; } >$1", "host-key-changed", "is revoked in known_hosts", 1},
        Pin{"of_another_type", "ssh-keygen -qt ecdsa -N '' -f $3/k; echo 203.0.113.2 $(cat $3/k.pub) >$1", "host-key-changed",
            "it offers no host key of a type that is pinned in known_hosts", 1}),
    [](const auto& pin) { return pin.param.name; });

TEST_P(HostKey, IsRefusedAndNotTriedAgainBeforeAReload) {
  const std::string right = "203.0.113.2 " + run_here("cut -d' ' -f1,2 " + b_.path("sshd/host_key.pub")).out;
  const Result written = run_here("d=$(mktemp -d); set -- " + a_.path("etc/known_hosts") + " '" +
                                  right.substr(0, right.size() - 1) + "' $d; " + GetParam().command + "; rm -r $d");
  ASSERT_EQ(written.exit, 0) << written.err;
  start_daemon();
  every_client_is_told(3s);
  EXPECT_THAT(flow_line(a_, "10.0.32.2:2000", GetParam().end), HasSubstr(GetParam().error));
  EXPECT_LE(attempts(), GetParam().attempts * kWorkers);
  gateway_is("failed", GetParam().error);

  a_.write("etc/known_hosts", pins_);
  const std::size_t seen = attempts();
  every_client_is_told(3s, "10.0.32.2", 4);
  EXPECT_EQ(attempts(), seen);
  reload(a_);
  EXPECT_TRUE(works()) << a_.log("dvpnd");
}

TEST_F(GatewayFault, OurKeyIsRefusedAndIsNotOfferedOften) {
  b_.write("etc/authorized_keys.d/dvpn", "");
  start_daemon();
  every_client_is_told(3s);
  EXPECT_THAT(flow_line(a_, "10.0.32.2:2000", "authentication"), ContainsRegex("it accepts no key of ours for account 'dvpn' .offered SHA256:"));
  gateway_is("backoff", "it accepts no key of ours");
  EXPECT_LE(attempts(), 2 * kWorkers);  // the first wait is half of backoff_max at least
  b_.write("etc/authorized_keys.d/dvpn", keys_);
  works_again(10s);
}

TEST_F(GatewayFault, NoSshdIsThere) {
  end(b_, "sshd", SIGTERM);
  start_daemon();
  every_client_is_told(3s);
  EXPECT_THAT(flow_line(a_, "10.0.32.2:2000", "gateway-unreachable"), HasSubstr("203.0.113.2 port 22: Connection refused"));
  gateway_is("backoff", "Connection refused");
  EXPECT_LE(packets(), 6 * static_cast<int>(kWorkers));  // 0.2, 0.4, 0.8, 1.6 s... while some seconds passed
  start(*lab, "b", "sshd");
  works_again(10s);
}

TEST_F(GatewayFault, ItsSshdIsSilent) {
  signal(b_, "sshd", SIGSTOP);
  start_daemon();
  every_client_is_told(4s, "10.0.32.2", 6);
  flow_line(a_, "10.0.32.2:2000", "gateway-timeout");
  gateway_is("(backoff|connecting)", "did not finish the handshake in time");
  EXPECT_LE(packets(), 4 * static_cast<int>(kWorkers));
  signal(b_, "sshd", SIGCONT);
  works_again(10s);
}

TEST_F(GatewayFault, NothingComesBackFromIt) {
  const Host wan = lab->wan();
  wan.run("iptables -I FORWARD 1 -p tcp --dport 22 -j DROP");
  start_daemon();
  every_client_is_told(4s, "10.0.32.2", 6);
  EXPECT_THAT(flow_line(a_, "10.0.32.2:2000", "gateway-unreachable"), HasSubstr("203.0.113.2 port 22: no answer in time"));
  gateway_is("(backoff|connecting)", "no answer in time");
  wan.run("iptables -D FORWARD 1");
  works_again(10s);
}

TEST_F(GatewayFault, ItsNameDoesNotResolve) {
  a_.write("etc/known_hosts", pins_ + "nowhere.invalid " + pins_.substr(pins_.find("ssh-ed25519")));
  a_.write("etc/hosts", table_ + "10.0.77.1 nowhere #! nowhere.invalid 10.0.77.0/24\n");
  start_daemon();
  every_client_is_told(3s, "10.0.77.2", 5);
  EXPECT_THAT(flow_line(a_, "10.0.77.2:2000", "gateway-unreachable"), HasSubstr("cannot resolve 'nowhere.invalid'"));
  EXPECT_THAT(dvpn(a_, "gateways").out, ContainsRegex("nowhere.invalid +backoff"));
  EXPECT_TRUE(works());
}

TEST_F(GatewayFault, ItsSessionIsKilledInTheMiddleOfAFlow) {
  const Process talker = lab->host("b.h1").serve(2001, "say:begun read");
  start_daemon();
  Process client = client_.start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 2001 hear:begun read");
  open_flow(a_, "10.0.32.2:2001");
  for (const pid_t session : descendants(b_.pid("sshd"))) kill(session, SIGKILL);
  EXPECT_THAT(client.wait(5s).out, HasSubstr(", reset\n"));
  flow_line(a_, "10.0.32.2:2001", "session-lost");
  EXPECT_TRUE(talker.wait_for_output("read 0 bytes [0-9a-f]+, reset")) << talker.out();
  works_again(10s);
}

TEST_F(GatewayFault, TheCableIsPulledInTheMiddleOfAFlow) {
  const Process talker = lab->host("b.h1").serve(2002, "say:begun read");
  start_daemon();
  ASSERT_TRUE(works());
  const std::size_t idle = descriptors(a_.pid("dvpnd"));
  for (int round = 0; round < 2; ++round) {
    Process client = client_.start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 2002 hear:begun read");
    open_flow(a_, "10.0.32.2:2002");
    lab->wan().run("ip link set dev a down");
    EXPECT_THAT(client.wait(5s).out, HasSubstr(", reset\n"));
    EXPECT_THAT(flow_line(a_, "10.0.32.2:2002", "session-lost"), HasSubstr("why="));
    every_client_is_told(4s, "10.0.32.2", 2);
    lab->wan().run("ip link set dev a up; ip route replace 203.0.113.1 dev a");
    works_again(15s);
  }
  // The sessions that were lost have left nothing open; each worker may hold one that is up, with its two descriptors.
  EXPECT_LE(descriptors(a_.pid("dvpnd")), idle + 2 * (kWorkers - 1));
}

}  // namespace
}  // namespace dvpn::lab
