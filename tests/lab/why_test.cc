// SPDX-License-Identifier: GPL-2.0-or-later
//
// `dvpn why` against real gateways: each stop on the way of a destination, and that it touches neither a target nor a gateway
// that it cannot authenticate. One lab serves all tests:
//   a  asks     b  has a relay that allows ports below 3000; its own daemon runs without rules     c  plain sshd (via=direct)

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "json_page.h"
#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Shared<Lab> lab([] {
  lab.make(two_sites("site c networks 10.0.33.0/24 fd00:33::/64 wan 203.0.113.3 2001:db8::3 hosts 1\n"));
  lab->step("install");
  const Site a = lab->site("a"), b = lab->site("b"), c = lab->site("c");
  c.write("sshd/sshd_config", c.read("sshd/sshd_config") + "PermitRootLogin prohibit-password\nAuthorizedKeysFile " + c.path("etc/direct_keys") + "\n");
  c.write("etc/direct_keys", a.read("etc/id_ed25519.pub"));
  const Result edited = run_here("sed -i -e 's/#! 203.0.113.3\\(.*\\)/#! root@203.0.113.3\\1 via=direct/' "
                                 "-e 's/#! \\[2001:db8::3\\]:22\\(.*\\)/#! root@[2001:db8::3]:22\\1 via=direct/' " + a.path("etc/hosts"));
  ASSERT_EQ(edited.exit, 0) << edited.err;
  b.write("etc/relay.yaml", b.read("etc/relay.yaml") + "access: [{account: dvpn, to: [10.0.32.0/24, \"fd00:32::/64\"], ports: [1-2999]}]\n");
  for (const char* line : {"connect_timeout: 1500ms", "backoff_min: 100ms", "backoff_max: 300ms"}) configure(a, "ssh", line);
  lab->step("sshd");
  lab->step("rules", {"a", "c"});
  lab->step("relay", {"b"});
  lab->step("daemon", {"a", "b"});
});

/// Packets that begin a connection to the port and reach the host, in either family, since the object was made.
class Knocks {
 public:
  Knocks(const std::string& host, int port) : host_(lab->host(host)), port_(std::to_string(port)) { change("-I"); }
  ~Knocks() { change("-D"); }
  Knocks(const Knocks&) = delete;
  Knocks& operator=(const Knocks&) = delete;
  int count() const {
    const std::string sum = "awk '/why-test-" + port_ + " / {n += $1} END {print n + 0}'";
    return std::stoi(host_.run("{ iptables -nvxL INPUT; ip6tables -nvxL INPUT; } | " + sum).out);
  }

 private:
  void change(const std::string& how) const {
    for (const char* program : {"iptables", "ip6tables"})
      EXPECT_EQ(host_.run(std::string(program) + " " + how + " INPUT -p tcp --syn --dport " + port_ + " -m comment --comment why-test-" + port_).exit, 0);
  }
  Host host_;
  std::string port_;
};

Result why(const std::string& question, const std::string& site = "a") { return dvpn(lab->site(site), "why " + question); }

/// The last line of an answer is the sentence.
std::string sentence(const Result& result) {
  const std::string text = result.out.substr(0, result.out.find_last_not_of('\n') + 1);
  return text.substr(text.rfind('\n') + 1);
}

/// A new daemon at a, which has no sessions and knows of no failures.
void begin_anew() {
  end(lab->site("a"), "dvpnd", SIGTERM);
  start(*lab, "a", "daemon");
}

TEST(Why, YesForWhatWouldBeCarried) {
  for (const auto& [place, gateway] : {std::pair<std::string, std::string>{"10.0.32.2:80", "203.0.113.2"}, {"'[fd00:32::2]:80'", "2001:db8::2"}}) {
    const Result yes = why(place);
    EXPECT_EQ(yes.exit, 0) << yes.out << yes.err;
    EXPECT_THAT(sentence(yes), HasSubstr("would be carried through ")) << place;
    EXPECT_THAT(sentence(yes), HasSubstr(gateway));
    EXPECT_THAT(yes.out, HasSubstr("the relay allows TCP connections to"));
  }
  EXPECT_EQ(why("gw.b:80").exit, 0);
  EXPECT_EQ(why("10.0.32.2:80 --from 10.0.31.2").exit, 0);
  EXPECT_THAT(why("10.0.32.2:80 --json").out, HasSubstr("\"carried\":true"));
}

TEST(Why, NoLineInTheTable) {
  const Result no = why("10.0.99.9:80");
  EXPECT_EQ(no.exit, 1);
  EXPECT_THAT(sentence(no), HasSubstr("etc/hosts covers 10.0.99.9: add one"));
  const JsonPage page(source_folder() + "/man/dvpn-json.7");
  for (const char* question : {"10.0.32.2:80 --json", "10.0.99.9:80 --json"})
    EXPECT_EQ(page.differences("why", nlohmann::json::parse(why(question).out, nullptr, false)), std::vector<std::string>{}) << question;
  const Result json = why("10.0.99.9:80 --json");
  EXPECT_EQ(json.exit, 1);
  EXPECT_THAT(json.out, HasSubstr("\"stops_at\":\"table\""));
}

TEST(Why, OwnNetwork) {
  const Result no = why("10.0.31.2:80");
  EXPECT_EQ(no.exit, 1);
  EXPECT_THAT(sentence(no), StartsWith("10.0.31.2 is in this site's own network 10.0.31.0/24"));
}

TEST(Why, RulesThatAreNotInPlace) {
  const Result no = why("10.0.31.2:80", "b");
  EXPECT_EQ(no.exit, 1) << no.out << no.err;
  EXPECT_THAT(sentence(no), StartsWith("the firewall's rules are not in place"));
}

TEST(Why, TheAccessListSaysNo) {
  for (const std::string& place : std::vector<std::string>{"10.0.32.2:4000", "'[fd00:32::2]:4000'"}) {
    const Result no = why(place);
    EXPECT_EQ(no.exit, 1) << no.out;
    EXPECT_THAT(sentence(no), StartsWith("the access list of the relay at ")) << place;
    EXPECT_THAT(sentence(no), HasSubstr("add it to networks or access in relay.yaml"));
  }
}

TEST(Why, AClosedTargetIsTriedOnlyWhenAsked) {
  const Knocks knocks("b.h1", 81);
  for (const std::string& place : std::vector<std::string>{"10.0.32.2:81", "'[fd00:32::2]:81'"}) EXPECT_EQ(why(place).exit, 0) << place;
  EXPECT_EQ(knocks.count(), 0);
  const Result tried = why("10.0.32.2:81 --connect");
  EXPECT_EQ(tried.exit, 1);
  EXPECT_THAT(sentence(tried), StartsWith("the far side could not connect to 10.0.32.2:81: refused"));
  EXPECT_EQ(knocks.count(), 1);
  const Process server = lab->host("b.h1").serve_page(82, "open");
  EXPECT_THAT(sentence(why("10.0.32.2:82 --connect")), HasSubstr("and its target answers"));
}

TEST(Why, OnlyRootMayHaveTheTargetTried) {
  const Knocks knocks("b.h1", 84);
  const std::string socket = lab->site("a").path("run/control.sock");
  const std::string ask = "chmod 666 " + socket + "; chmod o+x $(dirname " + socket + ") && setpriv --reuid 65534 --regid 65534 --clear-groups " +
                          "socat -t 15 - UNIX-CONNECT:" + socket + " <<<";
  const auto call = [&](const std::string& more) {
    return lab->host("a.gw").run(ask + R"('{"v":1,"call":"why","destination":"10.0.32.2:84")" + more + "}'").out;
  };
  EXPECT_THAT(call(R"(,"connect":true)"), HasSubstr("a connection to the target needs root"));
  EXPECT_EQ(knocks.count(), 0);
  EXPECT_THAT(call(""), HasSubstr("\"carried\":true"));
}

TEST(Why, DirectProhibitsUdpPingsAndClientSources) {
  const Knocks knocks("c.h1", 83), gateway("c.gw", 22);
  EXPECT_THAT(sentence(why("10.0.33.2:83 --udp")), StartsWith("its line says via=direct, and UDP is prohibited without a relay"));
  EXPECT_THAT(sentence(why("10.0.33.2 --ping")), StartsWith("its line says via=direct, and pings are prohibited without a relay"));
  EXPECT_EQ(why("10.0.33.2:83 --udp").exit, 1);
  const Result from = why("10.0.33.2:83 --from 10.0.31.2");
  EXPECT_EQ(from.exit, 0);
  EXPECT_THAT(from.out, HasSubstr("via=direct has no client sources"));
  EXPECT_EQ(knocks.count(), 0);
  EXPECT_EQ(gateway.count(), 0);
  EXPECT_THAT(sentence(why("10.0.33.2:83 --connect")), HasSubstr("could not connect to 10.0.33.2:83: refused"));
  EXPECT_EQ(knocks.count(), 1);
  EXPECT_GT(gateway.count(), 0);
}

TEST(Why, AGatewayThatIsDown) {
  end(lab->site("b"), "sshd", SIGTERM);
  begin_anew();
  const Result no = why("10.0.32.2:80");
  EXPECT_EQ(no.exit, 1);
  EXPECT_THAT(sentence(no), StartsWith("the gateway 203.0.113.2 cannot be used, gateway-unreachable: "));
  EXPECT_THAT(sentence(no), HasSubstr("see whether its machine, sshd and line are up"));
  start(*lab, "b", "sshd");
  EXPECT_TRUE(wait_until([] { return why("10.0.32.2:80").exit == 0; }, 10s, "b to be back"));
}

TEST(Why, AGatewayWithoutAPinIsNotEvenKnockedAt) {
  const Site a = lab->site("a");
  const std::string pins = a.read("etc/known_hosts");
  a.write("etc/known_hosts", "");
  begin_anew();
  const Knocks knocks("b.gw", 22);
  const Result no = why("10.0.32.2:80");
  EXPECT_EQ(no.exit, 1);
  EXPECT_THAT(sentence(no), HasSubstr("host-key-unknown"));
  EXPECT_EQ(knocks.count(), 0);
  a.write("etc/known_hosts", pins);
  reload(a);
  EXPECT_EQ(why("10.0.32.2:80").exit, 0);
  EXPECT_GT(knocks.count(), 0);
}

TEST(Why, NoRelay) {
  end(lab->site("b"), "dvpn-relay", SIGTERM);
  const Result no = why("10.0.32.2:80");
  EXPECT_EQ(no.exit, 1);
  EXPECT_THAT(sentence(no), HasSubstr("no-relay"));
  EXPECT_THAT(sentence(no), HasSubstr("start dvpn-relay there"));
  start(*lab, "b", "relay");
  EXPECT_TRUE(wait_until([] { return why("10.0.32.2:80").exit == 0; }, 10s, "the relay to be back"));
}

TEST(Why, AQuestionThatFailsIsNoAnswer) {
  EXPECT_EQ(why("10.0.32.2:0").exit, 64);
  EXPECT_EQ(why("nobody:80").exit, 64);
  EXPECT_EQ(why("10.0.32.2:80 --udp --ping").exit, 64);
  EXPECT_EQ(why("10.0.33.2:80", "c").exit, 69);  // no daemon there
}

}  // namespace
}  // namespace dvpn::lab
