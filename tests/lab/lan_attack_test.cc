// SPDX-License-Identifier: GPL-2.0-or-later
//
// A host of the LAN that floods its gateway with packets for another site, from its own address and from others', and with packets
// that make no sense (tests/lab/lib/lan_attack): the daemon stays, as large as before, and a quiet user beside it is served meanwhile.
//
// DVPN_ATTACK says for how many seconds each (1.5), and has more of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "gate_site.h"
#include "quiet_user.h"
#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

constexpr int kQuietPort = 3000;
// ms, on a machine that does other things (a lost SYN costs a second).
constexpr double kMostP50 = 2000, kMostP99 = 6000;
// A queue is one for all: behind what comes from many addresses, others wait.
constexpr double kMostBehindMany = 15'000;
// A second, of one address (limits.new_per_client): what the rules let into the queue of SYNs, and half as many at once.
constexpr double kNewPerClient = 4'000;

double seconds() {
  const char* const wanted = std::getenv("DVPN_ATTACK");
  return wanted != nullptr ? std::atof(wanted) : 1.5;
}

std::vector<const char*> ways() {
  std::vector<const char*> ways{"forged", "ping", "own_syn", "udp", "syn"};  // what leaves most flows behind comes last
  if (std::getenv("DVPN_ATTACK") != nullptr) ways.insert(ways.begin(), {"own_udp", "own_ping"});  // these hurt less than from many addresses
  return ways;
}

Quiet undisturbed;

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->start();
});

class LanAttack : public testing::TestWithParam<const char*> {
 protected:
  const Site a_ = lab->site("a");
  const Process server_ = lab->host("b.h2").start("exec " + source_folder() + "/tests/lab/lib/crowd serve " + std::to_string(kQuietPort));
  /// SYNs that the rules have sent to an end: "NFQUEUE", "DROP".
  double syns(const std::string& target) const {
    return std::stod("0" + a_.gateway().run("iptables -w 10 -t raw -vnxL DVPN_HOLD | awk '$3 == \"" + target + "\" { print $1 }'").out);
  }
  /// Nothing of an earlier attack waits any more, in the kernel or for the far side.
  bool nothing_waits() const {
    const std::string queued = "awk '{ n += $3 } END { print n + 0 }' /proc/net/netfilter/nfnetlink_queue";
    return wait_until([&] { return a_.gateway().run(queued).out == "0\n" && gate(a_, "held") == 0; }, 60s, "the queues to be empty");
  }
  static Quiet quiet() { return quiet_user(lab->host("a.h2"), "10.0.32.3", kQuietPort, seconds()); }
};

INSTANTIATE_TEST_SUITE_P(Ways, LanAttack, testing::ValuesIn(ways()), [](const auto& way) { return std::string(way.param); });

TEST_P(LanAttack, HurtsNobodyElse) {
  ASSERT_TRUE(server_.wait_for_output("listening"));
  if (undisturbed.served == 0) undisturbed = quiet();
  ASSERT_TRUE(nothing_waits());
  const pid_t daemon = a_.pid("dvpnd");
  const double queued = syns("NFQUEUE"), ignored = syns("DROP");
  const auto begun = std::chrono::steady_clock::now();
  const long before = std::stol(status_of(daemon, "VmRSS"));
  Process attack = lab->host("a.h1").start("exec " + source_folder() + "/tests/lab/lib/lan_attack " + GetParam() + ' ' + std::to_string(seconds() + 1) + " 10.0.32.2 10.0.31");
  ASSERT_TRUE(attack.wait_for_output("begun")) << attack.err();
  const Quiet meanwhile = quiet();
  const Result result = attack.wait(60s);
  ASSERT_THAT(result.out, HasSubstr(" packets")) << result.err;
  EXPECT_EQ(meanwhile.failed, 0) << meanwhile.text;
  EXPECT_GT(meanwhile.served, 0) << meanwhile.text;
  const std::string way = GetParam();
  const bool from_many = way == "syn" || way == "ping";
  EXPECT_LT(meanwhile.p50, from_many ? kMostBehindMany : kMostP50) << undisturbed.text << '\n' << meanwhile.text;
  EXPECT_LT(meanwhile.p99, from_many ? kMostBehindMany : kMostP99) << undisturbed.text << '\n' << meanwhile.text;
  if (way == "own_syn") {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    const double more = syns("NFQUEUE") - queued, less = syns("DROP") - ignored;
    EXPECT_LT(more, kNewPerClient * (took.count() + 0.5) + 1'000) << "(a thousand for the quiet user)";
    EXPECT_GT(more, kNewPerClient) << "it is a limit, not a stop";
    RecordProperty("syns_ignored_and_queued", std::to_string(std::lround(less)) + ", " + std::to_string(std::lround(more)));
    const std::string programs = "PATH=" + source_folder() + "/rules:$(dirname " DVPN_LAB_DVPND "):$PATH ";
    EXPECT_THAT(a_.gateway().run(programs + DVPN_LAB_DVPN " check -c " + a_.path("etc/dvpnd.yaml")).out,
                HasSubstr("first packets were ignored: beyond limits.new_per_client"));
  }
  RecordProperty("quiet_user_before", undisturbed.text);
  RecordProperty("meanwhile", meanwhile.text);
  RecordProperty("sent", result.out.substr(result.out.find('\n') + 1, result.out.rfind('\n') - result.out.find('\n') - 1));
  EXPECT_TRUE(wait_until([&] { return dvpn(a_, "status").exit <= 1 && dvpn(a_, "status").err.empty(); }, 10s, "the daemon to answer"));
  EXPECT_EQ(a_.pid("dvpnd"), daemon);
  const long grown = std::stol(status_of(daemon, "VmRSS")) - before;
  EXPECT_LT(grown, 128 << 10);
  RecordProperty("daemon_grew_by_KiB", std::to_string(grown));
}

}  // namespace
}  // namespace dvpn::lab
