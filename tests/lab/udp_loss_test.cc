// SPDX-License-Identifier: GPL-2.0-or-later
//
// Many questions to three resolvers of another site at once, over a line that loses every hundredth packet.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "site_daemon.h"
#include "udp_site.h"

namespace dvpn::lab {
namespace {

TEST(UdpLoss, DigHearsThreeResolversAtOnce) {
  Lab lab(two_sites("link b delay 10ms loss 1%\n"));
  lab.start();
  const std::string addresses[] = {"10.0.32.2", "10.0.32.3", "fd00:32::2"};
  const Resolver one(lab.host("b.h1"), addresses[0]), two(lab.host("b.h2"), addresses[1]), three(lab.host("b.h1"), addresses[2]);
  std::vector<Process> clients;
  for (const std::string& address : addresses)
    for (const char* host : {"a.h1", "a.h2"})
      clients.push_back(lab.host(host).start("for i in $(seq 30); do " + dig(address) + "+short a.test; done"));
  std::string wanted;
  for (int i = 0; i < 30; ++i) wanted += "192.0.2.7\n";
  for (Process& client : clients) EXPECT_EQ(client.wait(60s).out, wanted);
  EXPECT_EQ(udp_counter(lab.site("a"), "up"), 180u);
  EXPECT_EQ(udp_counter(lab.site("a"), "down"), 180u);
}

}  // namespace
}  // namespace dvpn::lab
