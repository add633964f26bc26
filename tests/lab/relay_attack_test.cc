// SPDX-License-Identifier: GPL-2.0-or-later
//
// A peer with a valid key that floods a relay, in each way that we could think of (tests/lab/lib/relay_attack), over several sessions:
// the relay stays, keeps its limits, counts, and is as large afterwards as before; and a quiet user of another account is served meanwhile
// as if nobody else were there, as far as the machine's processors go.
//
// DVPN_ATTACK says for how many seconds each (1.5), and three times as long for channels: with 15, some 100,000 of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "quiet_user.h"
#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

constexpr int kQuietPort = 3000, kEndless = 3001;
constexpr int kSessions = 4;
constexpr double kMostP50 = 300, kMostP99 = 2000;  // ms, on a machine that does other things: p50 is 3 to 60

double seconds() {
  const char* const wanted = std::getenv("DVPN_ATTACK");
  return wanted != nullptr ? std::atof(wanted) : 1.5;
}

void make_account();

Shared<Lab> lab([] {
  lab.make(two_sites("site c networks 10.0.33.0/24 wan 203.0.113.3 hosts 0\n"));
  lab->step("install");
  make_account();
  for (const char* step : {"sshd", "rules", "relay"}) lab->step(step);
  lab->step("daemon", {"a"});
});
Quiet undisturbed;

/// The other site, c, is another account at b.
void make_account() {
  const std::string etc = "/etc/netns/dvpnlab-" + lab->id() + "-b.gw/";
  const Site b = lab->site("b");
  EXPECT_EQ(run_here("echo second:x:64305:64302::/nonexistent:/usr/sbin/nologin >>" + etc + "passwd; echo 'second:*:19000::::::' >>" + etc + "shadow; "
                     "cp " + lab->site("c").path("etc/id_ed25519.pub") + ' ' + b.path("etc/authorized_keys.d/second")).exit, 0);
  b.write("etc/relay.yaml", b.read("etc/relay.yaml") + "limits: {flows_per_account: 500, spares_per_account: 300}\n");
}

class Attack : public testing::TestWithParam<const char*> {
 protected:
  const Site b_ = lab->site("b"), c_ = lab->site("c");
  const pid_t relay_ = descendants(b_.pid("dvpn-relay")).at(0);
  const Process server_ = lab->host("b.h2").start("exec " + source_folder() + "/tests/lab/lib/crowd serve " + std::to_string(kQuietPort));
  const Process endless_ = lab->host("b.h1").serve(kEndless, "send:100000000000");
  const Process silent_ = lab->host("b.h1").start("exec " + source_folder() + "/tests/lab/lib/crowd serve " + std::to_string(kEndless + 1));
  std::vector<Process> sessions_;
  std::string sockets_;

  void SetUp() override {
    ASSERT_TRUE(server_.wait_for_output("listening"));
    ASSERT_TRUE(silent_.wait_for_output("listening"));
    for (int i = 0; i < kSessions; ++i) {
      const std::string socket = c_.path("run/attack" + std::to_string(i));
      run_here("rm -f " + socket);
      sessions_.push_back(lab->host("c.gw").start("ulimit -n 20000; exec nice ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=" + c_.path("etc/known_hosts") +
                                                  " -o IdentitiesOnly=yes -i " + c_.path("etc/id_ed25519") + " -N -L " + socket + ":/run/relay.sock second@203.0.113.2"));
      sockets_ += " " + socket;
      ASSERT_TRUE(wait_until([&] { return run_here("test -S " + socket).exit == 0; }, 10s, "ssh")) << sessions_.back().err() << b_.log("sshd");
    }
    if (undisturbed.served == 0) undisturbed = quiet();
  }
  static double length() {
    const bool many = std::getenv("DVPN_ATTACK") != nullptr && std::string(GetParam()) == "channels";
    return many ? 3 * seconds() : seconds();
  }
  static Quiet quiet() { return quiet_user(lab->host("a.h2"), "10.0.32.3", kQuietPort, length()); }
  static long memory(pid_t pid) { return std::stol(status_of(pid, "VmRSS")); }

  /// The relay's own count.
  std::string counters() const {
    const std::size_t before = count(b_.log("relay"), "counters: ");
    signal(b_, "dvpn-relay", SIGUSR1);
    wait_until([&] { return count(b_.log("relay"), "counters: ") > before; }, 10s, "the counters");
    const std::string log = b_.log("relay");
    return log.substr(log.rfind("counters: "), log.find('\n', log.rfind("counters: ")) - log.rfind("counters: "));
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, Attack, testing::Values("channels", "flows", "requests", "malformed", "slow", "never_reads", "pours", "scan"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(Attack, HurtsNobodyElse) {
  const long before = memory(relay_);
  const std::size_t idle = descriptors(relay_);
  {
    Process attack = lab->host("c.gw").start("exec " + source_folder() + "/tests/lab/lib/relay_attack " + GetParam() + ' ' + std::to_string(length() + 1) + " 10.0.32.2 " +
                                             std::to_string(kEndless) + sockets_);
    ASSERT_TRUE(attack.wait_for_output("begun")) << attack.err();
    const Quiet meanwhile = quiet();
    const std::size_t held = descriptors(relay_);
    const Result result = attack.wait(60s);
    ASSERT_THAT(result.out, HasSubstr(" connections")) << result.err;
    EXPECT_EQ(meanwhile.failed, 0) << meanwhile.text;
    EXPECT_GT(meanwhile.served, 3) << meanwhile.text;
    EXPECT_LT(meanwhile.p50, kMostP50) << undisturbed.text << '\n' << meanwhile.text;
    EXPECT_LT(meanwhile.p99, kMostP99) << undisturbed.text << '\n' << meanwhile.text;
    EXPECT_LE(held, idle + 300 + 2 * 500 + 4 * 256 + 50);  // spares, flows with their targets, pipes
    RecordProperty("quiet_user_before", undisturbed.text);
    RecordProperty("meanwhile", meanwhile.text);
    RecordProperty("the_attacker_got", result.out.substr(result.out.find('\n') + 1, result.out.rfind('\n') - result.out.find('\n') - 1));
    RecordProperty("relay_grew_by_KiB", std::to_string(memory(relay_) - before));
  }
  sessions_.clear();
  EXPECT_TRUE(wait_until([&] { return descriptors(relay_) <= idle + 4 * 256 + 8; }, 15s, "what it held to be closed")) << counters();
  EXPECT_LT(memory(relay_), before + (64 << 10));
  EXPECT_THAT(descendants(b_.pid("dvpn-relay")), testing::ElementsAre(relay_));
  const std::string said = counters();
  const std::string way = GetParam();
  if (way == "channels" || way == "flows") {
    EXPECT_THAT(said, HasSubstr(way == "flows" ? "limit of an account" : "limit of spares"));
  }
}

}  // namespace
}  // namespace dvpn::lab
