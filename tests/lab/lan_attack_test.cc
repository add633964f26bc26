// SPDX-License-Identifier: GPL-2.0-or-later
//
// A host of the LAN that floods its gateway with packets for another site, from its own address and from others', and with packets
// that make no sense (tests/lab/lib/lan_attack): the daemon stays, as large as before, and a quiet user beside it is served meanwhile.
//
// DVPN_ATTACK says for how many seconds each (1.5).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "quiet_user.h"
#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

constexpr int kQuietPort = 3000;
// ms, on a machine that does other things (a lost SYN costs a second).
constexpr double kMostP50 = 300, kMostP99 = 3500;
// The queue of SYNs is one for all: behind what one host puts into it, others wait.
constexpr double kMostBehindSyns = 15'000;

double seconds() {
  const char* const wanted = std::getenv("DVPN_ATTACK");
  return wanted != nullptr ? std::atof(wanted) : 1.5;
}

std::unique_ptr<Lab> lab;
Quiet undisturbed;

class Everything : public testing::Environment {
 public:
  void SetUp() override {
    lab = std::make_unique<Lab>(two_sites());
    lab->start();
  }
  void TearDown() override { lab.reset(); }
};
[[maybe_unused]] const auto* const environment = testing::AddGlobalTestEnvironment(new Everything);

class LanAttack : public testing::TestWithParam<const char*> {
 protected:
  const Site a_ = lab->site("a");
  const Process server_ = lab->host("b.h2").start("exec " + source_folder() + "/tests/lab/lib/crowd serve " + std::to_string(kQuietPort));
  static Quiet quiet() { return quiet_user(lab->host("a.h2"), "10.0.32.3", kQuietPort, seconds()); }
};

INSTANTIATE_TEST_SUITE_P(Ways, LanAttack, testing::Values("syn", "own_syn", "udp", "ping", "forged"), [](const auto& way) { return std::string(way.param); });

TEST_P(LanAttack, HurtsNobodyElse) {
  ASSERT_TRUE(server_.wait_for_output("listening"));
  if (undisturbed.served == 0) undisturbed = quiet();
  const pid_t daemon = a_.pid("dvpnd");
  const long before = std::stol(status_of(daemon, "VmRSS"));
  Process attack = lab->host("a.h1").start("exec " + source_folder() + "/tests/lab/lib/lan_attack " + GetParam() + ' ' + std::to_string(seconds() + 1) + " 10.0.32.2 10.0.31");
  ASSERT_TRUE(attack.wait_for_output("begun")) << attack.err();
  const Quiet meanwhile = quiet();
  const Result result = attack.wait(60s);
  ASSERT_THAT(result.out, HasSubstr(" packets")) << result.err;
  EXPECT_EQ(meanwhile.failed, 0) << meanwhile.text;
  EXPECT_GT(meanwhile.served, 0) << meanwhile.text;
  const bool syns = std::string(GetParam()).ends_with("syn");
  EXPECT_LT(meanwhile.p50, syns ? kMostBehindSyns : kMostP50) << undisturbed.text << '\n' << meanwhile.text;
  EXPECT_LT(meanwhile.p99, syns ? kMostBehindSyns : kMostP99) << undisturbed.text << '\n' << meanwhile.text;
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
