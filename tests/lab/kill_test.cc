// SPDX-License-Identifier: GPL-2.0-or-later
//
// kill -9 of each part in the middle of a transfer: nobody takes what was cut off for whole. The download has no length
// that would give a short one away, only its end: curl must see a reset. The far server of the upload must see one, too.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <utility>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kBegun = 4'000'000;  // bytes: the transfer is under way, and far from its end

std::unique_ptr<Lab> lab;

class Everything : public testing::Environment {
 public:
  void SetUp() override {
    lab = std::make_unique<Lab>(two_sites());
    lab->step("install");
    configure(lab->site("a"), "ssh", "backoff_min: 100ms");
    for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
  }
  void TearDown() override { lab.reset(); }
};
[[maybe_unused]] const auto* const environment = testing::AddGlobalTestEnvironment(new Everything);

struct Victim {
  const char* name;
  const char* site;
  const char* program;
  bool itself, descendants;
  const char* step;  // that starts it again; "" where nothing needs to be
};
void PrintTo(const Victim& victim, std::ostream* out) { *out << victim.name; }

class Killed : public testing::TestWithParam<Victim> {
 protected:
  const Site a_ = lab->site("a");
  const Host near_ = lab->host("a.h1"), far_ = lab->host("b.h1");

  void kill_it() const {
    const Site site = lab->site(GetParam().site);
    const pid_t pid = site.pid(GetParam().program);
    ASSERT_GT(pid, 0);
    const std::vector<pid_t> below = descendants(pid);
    ASSERT_FALSE(GetParam().descendants && below.empty());
    if (GetParam().itself) kill(pid, SIGKILL);
    if (GetParam().descendants)
      for (const pid_t one : below) kill(one, SIGKILL);
  }

  void works_again() const {
    const std::string step = GetParam().step;
    if (!step.empty()) {
      end(lab->site(GetParam().site), GetParam().program, SIGKILL);
      start(*lab, GetParam().site, step);
    }
    const Process server = far_.serve(3002, "say:hello close");
    EXPECT_TRUE(wait_until([&] { return near_.talk("10.0.32.2", 3002, "hear:hello").out == "done\n"; }, 10s, "a flow to succeed"));
  }
};

INSTANTIATE_TEST_SUITE_P(All, Killed,
                         testing::Values(Victim{"the_relays_child", "b", "dvpn-relay", false, true, "relay"},
                                         Victim{"the_relay", "b", "dvpn-relay", true, false, "relay"},
                                         Victim{"the_sessions_sshd", "b", "sshd", false, true, ""},
                                         Victim{"every_sshd", "b", "sshd", true, true, "sshd"},
                                         Victim{"dvpnd", "a", "dvpnd", true, false, "daemon"}),
                         [](const auto& victim) { return victim.param.name; });

TEST_P(Killed, MakesADownloadFail) {
  const Process server = far_.serve(3000, "take:18 send:2000000000 close");
  Process curl = near_.start("curl -sS --http0.9 -A '' -H Accept: -H Host: --limit-rate 100M -o /dev/null http://10.0.32.2:3000/");
  open_flow(a_, "10.0.32.2:3000", kBegun);
  kill_it();
  const Result result = curl.wait(5s);
  EXPECT_EQ(result.exit, 56) << result.err;  // CURLE_RECV_ERROR; 0 would be a short file with success
  EXPECT_THAT(result.err, HasSubstr("reset by peer"));
  EXPECT_TRUE(server.wait_for_output("reset at send", 5s)) << server.out();
  works_again();
}

TEST_P(Killed, MakesAnUploadFail) {
  const Process server = far_.serve(3001, "read");
  Process curl = near_.start("head -c 2000000000 /dev/zero | curl -sS --limit-rate 100M -T - http://10.0.32.2:3001/");
  open_flow(a_, "10.0.32.2:3001", kBegun);
  kill_it();
  const Result result = curl.wait(5s);
  EXPECT_THAT(result.exit, testing::AnyOf(55, 56)) << result.err;  // CURLE_SEND_ERROR, CURLE_RECV_ERROR
  EXPECT_TRUE(server.wait_for_output("read [0-9]+ bytes [0-9a-f]+, reset", 5s)) << server.out();
  EXPECT_THAT(server.out(), Not(HasSubstr(", end")));
  works_again();
}

TEST(Stopped, ARelayThatSleepsForAWhileLosesNothing) {
  const Host near = lab->host("a.h1"), far = lab->host("b.h1");
  const Process server = far.serve(3003, "send:1000000000 close");
  const std::string whole = far.talk("127.0.0.1", 3003, "read").out;
  ASSERT_THAT(whole, ContainsRegex("read 1000000000 bytes [0-9a-f]+, end"));
  Process client = near.start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 3003 read");
  open_flow(lab->site("a"), "10.0.32.2:3003", kBegun);
  const std::vector<pid_t> relay = descendants(lab->site("b").pid("dvpn-relay"));
  ASSERT_EQ(relay.size(), 1u);
  kill(relay[0], SIGSTOP);
  std::uint64_t before = 0, moved = open_flow(lab->site("a"), "10.0.32.2:3003");
  EXPECT_TRUE(wait_until([&] { return (before = std::exchange(moved, open_flow(lab->site("a"), "10.0.32.2:3003"))) == moved; }, 10s,
                         "the flow to stand still"));
  EXPECT_LT(moved, 1'000'000'000u);
  EXPECT_TRUE(client.running());
  kill(relay[0], SIGCONT);
  EXPECT_EQ(client.wait(30s).out, whole);
}

}  // namespace
}  // namespace dvpn::lab
