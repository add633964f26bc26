// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sites that all use the same networks, joined by map= both ways. One lab serves all tests:
//   a, b, c   192.168.1.0/24 and fd00:1::/64, each; b has a relay, c plain sshd (via=direct)
// a knows b under 10.9.2.0/24 (fd00:9:2::/64) and c under 10.9.3.0/24 (fd00:9:3::/64); b knows a under 10.9.1.0/24
// (fd00:9:1::/64). Every site has a host 192.168.1.2, so an address that is not translated, or by the wrong side, finds one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string site_line(const std::string& name, int number) {
  const std::string n = std::to_string(number);
  return "site " + name + " networks 192.168.1.0/24 fd00:1::/64 wan 203.0.113." + n + " 2001:db8::" + n + " hosts 1\n";
}

/// The line by which others know the site of that number.
std::string alias(int number, const std::string& user = "", const std::string& options = "") {
  const std::string n = std::to_string(number);
  return "10.9." + n + ".1 site" + n + " #! " + user + "203.0.113." + n + " 10.9." + n + ".0/24 map=192.168.1.0/24" + options + "\n" +
         "fd00:9:" + n + "::1 site" + n + " #! " + user + "[2001:db8::" + n + "]:22 fd00:9:" + n + "::/64 map=fd00:1::/64" + options + "\n";
}

Shared<Lab> lab([] {
  lab.make(site_line("a", 1) + site_line("b", 2) + site_line("c", 3));
  lab->step("install");
  const Site a = lab->site("a"), c = lab->site("c");
  a.write("etc/hosts", alias(2) + alias(3, "root@", " via=direct"));
  lab->site("b").write("etc/hosts", alias(1));
  c.write("etc/hosts", "");
  c.write("sshd/sshd_config", c.read("sshd/sshd_config") + "PermitRootLogin prohibit-password\nAuthorizedKeysFile " +
                                  c.path("etc/direct_keys") + "\n");
  c.write("etc/direct_keys", a.read("etc/id_ed25519.pub"));
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

std::string fetch(const std::string& from, const std::string& address, int port) {
  const Result result = lab->host(from).run("curl -sSg -m 8 http://" + address + ":" + std::to_string(port) + "/");
  return result.exit == 0 ? result.out : result.err;
}

struct Way {
  std::string from, to, address4, address6;
};
const Way kWays[] = {{"a", "b", "10.9.2.2", "[fd00:9:2::2]"}, {"b", "a", "10.9.1.2", "[fd00:9:1::2]"}, {"a", "c", "10.9.3.2", "[fd00:9:3::2]"}};

TEST(OverlappingSites, ReachEachOtherUnderTheirAliases) {
  const Process a = lab->host("a.h1").serve_page(80, "a"), b = lab->host("b.h1").serve_page(80, "b"), c = lab->host("c.h1").serve_page(80, "c");
  for (const Way& way : kWays)
    for (const std::string& from : {way.from + ".h1", way.from + ".gw"})
      for (const std::string& address : {way.address4, way.address6}) EXPECT_EQ(fetch(from, address, 80), way.to + "\n") << from << " to " << address;
}

TEST(OverlappingSites, TheirOwnNetworkStaysTheirOwn) {
  const Process a = lab->host("a.h1").serve_page(81, "a"), b = lab->host("b.h1").serve_page(81, "b");
  for (const std::string address : {"192.168.1.2", "[fd00:1::2]"}) {
    EXPECT_EQ(fetch("a.gw", address, 81), "a\n");
    EXPECT_EQ(fetch("b.gw", address, 81), "b\n");
  }
  EXPECT_THAT(lab->site("a").log("dvpnd"), Not(HasSubstr("destination=192.168.1.2:")));
}

TEST(OverlappingSites, AClosedPortThereIsRefusedHereThoughItIsOpenHere) {
  const Process a = lab->host("a.h1").serve_page(82, "a");
  for (const std::string& address : std::vector<std::string>{"10.9.2.2", "fd00:9:2::2", "10.9.3.2", "fd00:9:3::2"})
    for (const char* from : {"a.h1", "a.gw"})
      EXPECT_THAT(lab->host(from).run("timeout 8 bash -c 'true </dev/tcp/" + address + "/82'").err, HasSubstr("Connection refused")) << from << ' ' << address;
  EXPECT_THAT(flow_line(lab->site("a"), "10.9.2.2:82", "refused"), HasSubstr(" target=192.168.1.2:82 "));
}

TEST(OverlappingSites, TheLogNamesTheAliasWithTheTargetBesideIt) {
  const Process b = lab->host("b.h1").serve_page(83, "b"), c = lab->host("c.h1").serve_page(83, "c");
  const Site a = lab->site("a");
  for (const auto& [asked, target] : {std::pair<std::string, std::string>{"10.9.2.2:83", "192.168.1.2:83"},
                                      {"[fd00:9:2::2]:83", "[fd00:1::2]:83"},
                                      {"10.9.3.2:83", "192.168.1.2:83"}}) {
    EXPECT_NE(fetch("a.h1", asked.substr(0, asked.size() - 3), 83), "");
    EXPECT_THAT(flow_line(a, asked, "done"), HasSubstr(" destination=" + asked + " target=" + target + " gateway=")) << asked;
  }
}

TEST(OverlappingSites, AnswerPingsUnderTheirAliases) {
  for (const char* from : {"a.h1", "a.gw"})
    for (const char* address : {"10.9.2.2", "fd00:9:2::2"}) {
      const Result result = lab->host(from).run(std::string("ping -n -c1 -W8 ") + address);
      EXPECT_THAT(result.out, HasSubstr(std::string("bytes from ") + address + ": ")) << from << result.out;
    }
  EXPECT_THAT(flow_line(lab->site("a"), "10.9.2.2", "idle", 25s), HasSubstr(" destination=10.9.2.2 target=192.168.1.2 gateway="));
}

TEST(OverlappingSites, TheFirewallGoesByTheAliasAlone) {
  const std::string set = lab->host("a.gw").run("ipset list dvpn4").out;
  for (const char* alias : {"10.9.2.0/24\n", "10.9.3.0/24\n", "192.168.1.0/24 nomatch\n"}) EXPECT_THAT(set, HasSubstr(alias));
  EXPECT_THAT(set, Not(HasSubstr("192.168.1.0/24\n")));
  const std::string lookup = dvpn(lab->site("a"), "map lookup 10.9.2.7").out;
  EXPECT_THAT(lookup, HasSubstr("asks for  192.168.1.7"));
}

}  // namespace
}  // namespace dvpn::lab
