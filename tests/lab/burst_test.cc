// SPDX-License-Identifier: GPL-2.0-or-later
//
// Many flows that begin before there is a session, to a gateway that is far away: all of them are carried, and they are
// spread over sessions, since many channels on one would slow each other down.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <vector>

#include "fixture.h"

namespace dvpn::lab {
namespace {

/// Connections of the relay's socket that each sshd session of b holds.
std::vector<int> channels_of_sessions(const Lab& lab) {
  const std::string pids = "ip netns pids dvpnlab-" + lab.id() + "-b.gw";
  const Result counts = run_here("for p in $(" + pids + "); do [[ $(tr '\\0' ' ' </proc/$p/cmdline) != 'sshd: dvpn'* || $(awk '/^Uid/ { print $2 }' /proc/$p/status) == 0 ]] "
                                 "|| ls -l /proc/$p/fd | grep -c socket:; done");
  std::istringstream lines(counts.out);
  std::vector<int> all;
  for (int count = 0; lines >> count;) all.push_back(count);
  return all;
}

TEST(Burst, OfFlowsToADistantGatewayIsCarriedAndSpread) {
  Lab lab(two_sites("link b delay 100ms\n"));
  lab.start();
  const Process server = lab.host("b.h1").start("exec " + source_folder() + "/tests/lab/lib/crowd serve 3000");
  ASSERT_TRUE(server.wait_for_output("listening")) << server.err();
  Process clients = lab.host("a.h1").start("exec " + source_folder() + "/tests/lab/lib/crowd connect 10.0.32.2 3000 1900");
  EXPECT_TRUE(clients.wait_for_output("answered", 30s)) << clients.err();
  EXPECT_EQ(clients.out(), "1900 answered, 0 reset\n");
  const std::vector<int> channels = channels_of_sessions(lab);
  ASSERT_FALSE(channels.empty());
  EXPECT_LT(*std::ranges::max_element(channels), 300) << channels.size() << " sessions";
  clients.kill(SIGTERM);
  EXPECT_EQ(clients.wait().exit, 0);
}

}  // namespace
}  // namespace dvpn::lab
