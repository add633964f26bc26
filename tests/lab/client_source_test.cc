// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two sites whose relays let each other's clients keep their addresses: what servers see, and that the answers find their
// way back, from hosts of the LAN and from the gateway itself. TCP goes through both daemons; UDP and pings are asked of
// b's relay directly, in a client's name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "relay_peer.h"
#include "rules_site.h"
#include "servers.h"
#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::string access(int own, int other);

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  const Site a = lab->site("a"), b = lab->site("b");
  a.write("etc/relay.yaml", a.read("etc/relay.yaml") + access(31, 32));
  b.write("etc/relay.yaml", b.read("etc/relay.yaml") + access(32, 31));
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});
Shared<RelayPeer> peer([] { peer.make(*lab, "a", "203.0.113.2"); });

/// What relay.yaml says about the other site's clients, besides the rest.
std::string access(int own, int other) {
  const auto networks = [](int site) {
    return "[10.0." + std::to_string(site) + ".0/24, \"fd00:" + std::to_string(site) + "::/64\"]";
  };
  return "access:\n  - {account: dvpn, to: " + networks(own) + ", source: client, from: " + networks(other) + "}\nlog: {level: debug}\n";
}

/// The same roles in each family; an address as socat writes it.
struct Family {
  const char *near, *near_in_full, *far, *far_in_full, *far_gateway, *nobody;
};
constexpr Family kFour{"10.0.31.2", "[0000:0000:0000:0000:0000:ffff:0a00:1f02]", "10.0.32.2",
                       "[0000:0000:0000:0000:0000:ffff:0a00:2002]", "10.0.32.1", "10.0.33.2"};
constexpr Family kSix{"fd00:31::2", "[fd00:0031:0000:0000:0000:0000:0000:0002]", "fd00:32::2",
                      "[fd00:0032:0000:0000:0000:0000:0000:0002]", "fd00:32::1", "fd00:33::2"};

class ClientSource : public testing::TestWithParam<int> {
 protected:
  const Family& f_ = GetParam() == 6 ? kSix : kFour;
  const Host near_ = lab->host("a.h1"), far_ = lab->host("b.h1"), gateway_ = lab->host("b.gw");
  /// As socat writes the client's address where it serves one family alone.
  const std::string seen_ = GetParam() == 6 ? "\\[fd00:0031:0000:0000:0000:0000:0000:0002\\]" : "10.0.31.2";

  /// As vsftpd writes it.
  static std::string client_in_log(const std::string& address) { return (GetParam() == 6 ? "" : "::ffff:") + address; }
  std::string as_client(int port) const { return "client=" + std::string(f_.near) + "/" + std::to_string(port) + " "; }
};

INSTANTIATE_TEST_SUITE_P(Families, ClientSource, testing::Values(4, 6), testing::PrintToStringParamName());

TEST_P(ClientSource, IsWhatAServerSees) {
  const Process there = far_.serve_page(80, ""), here = near_.serve_page(80, "");
  EXPECT_EQ(fetch(near_, f_.far).out, std::string(f_.near_in_full) + "\n");
  EXPECT_EQ(fetch(far_, f_.near).out, std::string(f_.far_in_full) + "\n");
}

TEST_P(ClientSource, IsWhatAServerSeesWithBothVariantsOfIptables) {
  const Process server = far_.serve_page(80, ""), gateways = gateway_.serve_page(80, "");
  const std::string rules = source_folder() + "/rules/dvpn-rules -c " + lab->site("b").path("etc/dvpnd.yaml") + " --dvpnd " DVPN_LAB_DVPND " install";
  for (const char* variant : {" --variant legacy", " --variant nft", ""}) {  // (the last one: as the other tests have it)
    ASSERT_EQ(gateway_.run(rules + variant).exit, 0) << variant;
    EXPECT_EQ(fetch(near_, f_.far).out, std::string(f_.near_in_full) + "\n") << variant;
    EXPECT_EQ(fetch(near_, f_.far_gateway).out, std::string(f_.near_in_full) + "\n") << variant;
  }
}

TEST_P(ClientSource, IsWhatTheGatewaysOwnServerSees) {
  const Process server = gateway_.serve_page(80, "");
  EXPECT_EQ(fetch(near_, f_.far_gateway).out, std::string(f_.near_in_full) + "\n");
}

TEST_P(ClientSource, StaysWithStrictReversePathFilters) {
  const auto set = [&](int filter, int by_mark) {
    gateway_.run("for i in all default lan0 lo; do sysctl -q -w net.ipv4.conf.$i.rp_filter=" + std::to_string(filter) +
                 " net.ipv4.conf.$i.src_valid_mark=" + std::to_string(by_mark) + "; done");
  };
  const Process server = far_.serve_page(80, ""), gateways = gateway_.serve_page(80, "");
  for (const int by_mark : {0, 1}) {
    set(1, by_mark);
    EXPECT_EQ(fetch(near_, f_.far).out, std::string(f_.near_in_full) + "\n") << by_mark;
    EXPECT_EQ(fetch(near_, f_.far_gateway).out, std::string(f_.near_in_full) + "\n") << by_mark;
  }
  set(0, 0);
}

TEST_P(ClientSource, CarriesBulkBothWaysBetweenTheSameTwoSitesAtOnce) {
  const Server web_a = web_server(near_), web_b = web_server(far_);
  for (const Server* web : {&web_a, &web_b}) ASSERT_EQ(web->run(noise(50u << 20) + " >files/file").exit, 0);
  const auto get = [](const char* address) {
    const std::string host = std::string(address).find(':') == std::string::npos ? address : "[" + std::string(address) + "]";
    return "curl -s http://" + host + "/file | sha256sum | cut -c-64";
  };
  std::vector<Process> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(near_.start(get(f_.far)));
    clients.push_back(far_.start(get(f_.near)));
  }
  for (Process& client : clients) EXPECT_EQ(client.wait(60s).out, web_a.hash("files/file") + "\n");
}

TEST_P(ClientSource, RefusalsStayRefusals) {
  const Result refused = fetch(near_, f_.far, 81);
  EXPECT_NE(refused.exit, 0);
  EXPECT_LT(refused.seconds, 0.9);
  flow_line(lab->site("a"), (GetParam() == 6 ? "[" + std::string(f_.far) + "]" : f_.far) + ":81", "refused");
}

/// Active FTP: the server connects back to the address that it sees, and to no other. Passive: the client's second connection
/// must come from the address of its first.
TEST_P(ClientSource, FtpWorksActiveAndPassiveBothWaysAtOnce) {
  const Server there = ftp_server(far_, Ftp::kBoth), here = ftp_server(near_, Ftp::kBoth);
  for (const Server* ftp : {&there, &here}) ASSERT_EQ(ftp->run(noise(20u << 20) + " >root/file").exit, 0);
  const auto url = [](const char* address) { return "ftp://" + (GetParam() == 6 ? "[" + std::string(address) + "]" : address); };
  const std::string down = "/file | sha256sum | cut -c-64";
  std::vector<Process> clients, senders;
  for (const auto& [mode, option] : {std::pair{"passive", "--ftp-pasv "}, {"active", "--ftp-port - "}}) {
    const std::string curl = "curl -sS " + std::string(option), up = "/incoming/" + std::string(mode);
    clients.push_back(near_.start(curl + url(f_.far) + down));
    clients.push_back(far_.start(curl + url(f_.near) + down));
    const std::string send = noise(20u << 20) + " | " + curl + "-T - ";
    senders.push_back(near_.start(send + url(f_.far) + up));
    senders.push_back(far_.start(send + url(f_.near) + up));
  }
  for (Process& client : clients) EXPECT_EQ(client.wait(60s).out, there.hash("root/file") + "\n");
  for (Process& sender : senders) {
    const Result result = sender.wait(60s);
    EXPECT_EQ(result.exit, 0) << result.err;
  }
  for (const Server* ftp : {&there, &here}) {
    for (const char* mode : {"passive", "active"}) EXPECT_EQ(ftp->hash("root/incoming/" + std::string(mode)), there.hash("root/file"));
    const std::string log = ftp->run("cat log").out, client = ftp == &there ? f_.near : f_.far;
    EXPECT_EQ(count(log, "CONNECT: Client \"" + client_in_log(client) + "\""), 4u) << log;
    EXPECT_EQ(count(log, "CONNECT: Client "), 4u) << log;
  }
}

TEST_P(ClientSource, IsWhatAUdpServerSees) {
  const Process server = serve_udp(far_, f_.far, 5353), gateways = serve_udp(gateway_, f_.far_gateway, 5354);
  for (const std::string& target : {std::string(f_.far) + " 5353", std::string(f_.far_gateway) + " 5354"})
    EXPECT_THAT(peer->ask(as_client(40'000) + "udp " + target + " one two"),
                MatchesRegex("status 0\ndatagram " + seen_ + " 40000 one\ndatagram " + seen_ + " 40000 two\n"));
  // A port below 1024 is not for the relay.
  EXPECT_THAT(peer->ask(as_client(123) + "udp " + std::string(f_.far) + " 5353 low"),
              MatchesRegex("status 0\ndatagram " + seen_ + " [0-9]{4,5} low\n"));
  EXPECT_EQ(peer->ask(as_client(40'001) + "udp " + std::string(f_.far) + " 5999 lost"), "status 0\nunreachable 1\n");
}

TEST_P(ClientSource, IsWhatAPingedHostSees) {
  // The hosts answer nobody else.
  const std::string tool = GetParam() == 6 ? "ip6tables" : "iptables", type = GetParam() == 6 ? "-p icmpv6 --icmpv6-type 128" : "-p icmp --icmp-type 8";
  for (const Host& host : {far_, gateway_})
    ASSERT_EQ(host.run(tool + " -I INPUT 1 " + type + " ! -s " + f_.near + " -j DROP").exit, 0);
  for (const char* target : {f_.far, f_.far_gateway})
    EXPECT_EQ(peer->ask(as_client(40'000) + "echo " + target + " ping"), "status 0\nreply 00000000 hops 64 ping\n");
  for (const Host& host : {far_, gateway_}) host.run(tool + " -D INPUT 1");
}

TEST_P(ClientSource, IsNobodyElses) {
  const Process server = far_.serve_page(80, "");
  for (const std::string& client : {"client=" + std::string(f_.nobody) + "/40000 ", "client=" + std::string(f_.far) + "/40000 ", std::string()})
    for (const std::string& what : {std::string(f_.far) + " 80", "udp " + std::string(f_.far) + " 80", "echo " + std::string(f_.far)})
      EXPECT_EQ(peer->ask(client + what), "status 5\n") << client << what;
}

TEST_P(ClientSource, StandsInTheLog) {
  const Process server = far_.serve_page(80, "");
  EXPECT_EQ(fetch(near_, f_.far).exit, 0);
  const std::string near = GetParam() == 6 ? "[fd00:31::2]" : "10.0.31.2", far = GetParam() == 6 ? "[fd00:32::2]" : "10.0.32.2";
  const Site b = lab->site("b");
  wait_until([&] { return std::string(b.log("relay")).find("flow of dvpn as " + near + ":") != std::string::npos; }, 10s, "the line");
  EXPECT_THAT(b.log("relay"), testing::ContainsRegex("flow of dvpn as " + std::string(GetParam() == 6 ? "\\[fd00:31::2\\]" : near) + ":[0-9]+ to "));
  peer->ask("client=" + std::string(f_.nobody) + "/40000 udp " + f_.far + " 80");
  wait_until([&] { return b.log("relay").find(" to udp " + far + ":80: prohibited") != std::string::npos; }, 10s, "the refusal");
}

}  // namespace
}  // namespace dvpn::lab
