// SPDX-License-Identifier: GPL-2.0-or-later
//
// Gateways with strict reverse path filters (net.ipv4.conf.all.rp_filter=1), as firewalls have them, also where they go by
// packets' marks (src_valid_mark, which wg-quick turns on): connections, UDP and pings, their answers and their errors, from a host
// of the LAN and from the gateway itself. What we send in a target's name has a source that the gateway would look for
// elsewhere. (Client sources: client_source_test.cc. IPv6 has no such filter.)

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "site_daemon.h"
#include "udp_site.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

Shared<Lab> lab([] {
  lab.make(two_sites());
  for (const char* gateway : {"a.gw", "b.gw"})
    EXPECT_EQ(lab->host(gateway).run("for i in all default lo lan0 wan0; do sysctl -qw net.ipv4.conf.$i.rp_filter=1; done").exit, 0);
  lab->start();
});

class StrictFilters : public testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  void SetUp() override {
    for (const char* gateway : {"a.gw", "b.gw"})
      lab->host(gateway).run("sysctl -qw net.ipv4.conf.all.src_valid_mark=" + std::to_string(std::get<int>(GetParam())));
  }
  const Host client_ = lab->host(std::get<const char*>(GetParam())), far_ = lab->host("b.h1");
};
INSTANTIATE_TEST_SUITE_P(Clients, StrictFilters, testing::Combine(testing::Values("a.h1", "a.gw"), testing::Values(0, 1)), [](const auto& each) {
  return std::string(std::get<0>(each.param)).substr(2) + (std::get<1>(each.param) == 1 ? "ByMark" : "");
});

TEST_P(StrictFilters, AreOn) {
  for (const char* gateway : {"a.gw", "b.gw"}) EXPECT_EQ(lab->host(gateway).run("cat /proc/sys/net/ipv4/conf/*/rp_filter | sort -u").out, "1\n");
}

TEST_P(StrictFilters, LetConnectionsThroughAndTheirErrors) {
  const Process page = far_.serve_page(80, "hello");
  EXPECT_EQ(client_.run("curl -sS -m 8 http://10.0.32.2/").out, "hello\n");
  EXPECT_EQ(client_.talk("10.0.32.2", 81, "read").out, "refused\n");
  EXPECT_EQ(client_.talk("10.0.32.99", 80, "read").out, "EHOSTUNREACH\n");
}

TEST_P(StrictFilters, LetUdpThroughAndItsErrors) {
  const Process server = serve_datagrams(far_, "10.0.32.2", 5300);
  EXPECT_EQ(datagrams(client_, "ask", "10.0.32.2", 5300, "100").out, "back 100 bytes, same\n");
  EXPECT_EQ(datagrams(client_, "ask", "10.0.32.2", 5301, "100").out, "ECONNREFUSED\n");
}

TEST_P(StrictFilters, LetPingsThroughAndTheirErrors) {
  EXPECT_EQ(client_.run("ping -n -c2 -i0.2 -W5 10.0.32.2").exit, 0);
  EXPECT_THAT(client_.run("ping -n -c1 -W5 10.0.32.99").out, HasSubstr("Destination Host Unreachable"));
}

}  // namespace
}  // namespace dvpn::lab
