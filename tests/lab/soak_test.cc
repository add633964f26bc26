// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mixed traffic both ways between two sites, over both families, while things break at random: nothing is ever wrong, all goes on by
// itself when the breaking ends, and what has lived through it is as large as before. DVPN_SOAK says for how many seconds things
// break (default 120), DVPN_SOAK_SEED which things (default: the clock; it is printed).
//   DVPN_SOAK=3600 build/tests/lab/soak_lab_test

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <random>
#include <regex>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPort = 2000;
constexpr int kClients = 6;  // of each of the four drivers

long setting(const char* name, long otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? std::strtol(value, nullptr, 10) : otherwise;
}

class Soak : public testing::Test {
 protected:
  Lab lab_{two_sites()};
  Site a_ = lab_.site("a"), b_ = lab_.site("b");
  std::mt19937 dice_;
  std::vector<Process> servers_, drivers_;

  void SetUp() override {
    lab_.step("install");
    for (const Site& site : {a_, b_})
      for (const char* line : {"idle_timeout: 2s", "keepalive: 1s", "keepalive_misses: 3", "backoff_min: 200ms", "backoff_max: 2s", "connect_timeout: 3s"})
        configure(site, "ssh", line);
    for (const Site& site : {a_, b_}) configure(site, "udp", "idle_timeout: 3s");
    for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab_.step(step);
    const auto seed = static_cast<unsigned>(setting("DVPN_SOAK_SEED", static_cast<long>(::time(nullptr))));
    std::cout << "DVPN_SOAK_SEED=" << seed << std::endl;
    dice_.seed(seed);
    const std::string mixer = source_folder() + "/tests/lab/lib/mixer";
    for (const char* host : {"a.h1", "b.h1"}) {
      servers_.push_back(lab_.host(host).start("exec " + mixer + " serve " + std::to_string(kPort)));
      ASSERT_TRUE(servers_.back().wait_for_output("listening")) << servers_.back().err();
    }
    for (const auto& [host, address] : {std::pair{"a.h1", "10.0.32.2"}, std::pair{"a.h1", "fd00:32::2"}, std::pair{"b.h1", "10.0.31.2"}, std::pair{"b.h1", "fd00:31::2"}}) {
      drivers_.push_back(lab_.host(host).start("exec " + mixer + " drive " + address + ' ' + std::to_string(kPort) + ' ' + std::to_string(kClients) + ' ' + std::to_string(dice_() % 1000)));
      ASSERT_TRUE(drivers_.back().wait_for_output("driving"));
    }
  }

  void rest(Duration time) { (void)drivers_.front().wait_for_output("never", time); }

  /// What has become of all that the drivers began since the last time: how often each end, "get whole", "udp cut"...
  std::map<std::string, long> report() {
    std::map<std::string, long> sum;
    for (const Process& driver : drivers_) {
      const std::size_t before = count(driver.out(), "\n");
      driver.kill(SIGUSR1);
      wait_until([&] { return count(driver.out(), "\n") > before; }, 20s, "a driver's report");
      std::string line = driver.out();
      line = line.substr(line.rfind('\n', line.size() - 2) + 1);
      EXPECT_NE(line.find("\"wrong\": []"), std::string::npos) << line;
      const std::regex entry(R"re("(\w+ \w+)": (\d+))re");
      for (std::sregex_iterator at(line.begin(), line.end(), entry), last; at != last; ++at) sum[(*at)[1]] += std::stol((*at)[2]);
    }
    return sum;
  }

  static long ends(const std::map<std::string, long>& report, const std::string& end) {
    long sum = 0;
    for (const auto& [name, number] : report)
      if (name.ends_with(' ' + end)) sum += number;
    return sum;
  }

  static std::string to_text(const std::map<std::string, long>& report) {
    std::string out;
    for (const auto& [name, number] : report) out += name + " " + std::to_string(number) + ", ";
    return out;
  }

  /// One thing breaks, for a while, and is mended. What lives through it all is a's daemon and a's relay.
  void break_something() {
    const Host wan = lab_.wan();
    const auto some = [this](int least, int most) { return Duration(std::uniform_int_distribution(least, most)(dice_)); };
    const int what = std::uniform_int_distribution(0, 8)(dice_);
    static const char* const kNames[] = {"kill b's daemon", "kill b's relay", "kill a session's sshd", "stop b's daemon", "stop b's relay",
                                         "lose packets", "pull the cable", "reload", "kill all of b's sshd"};
    std::cout << kNames[what] << std::endl;
    switch (what) {
      case 0: end(b_, "dvpnd", SIGKILL); rest(some(0, 1000)); start(lab_, "b", "daemon"); break;
      case 1: end(b_, "dvpn-relay", SIGKILL); rest(some(0, 1000)); start(lab_, "b", "relay"); break;
      case 2: {
        const auto sessions = descendants((dice_() % 2 == 0 ? a_ : b_).pid("sshd"));
        if (!sessions.empty()) kill(sessions[dice_() % sessions.size()], SIGKILL);
        break;
      }
      case 3: signal(b_, "dvpnd", SIGSTOP); rest(some(100, 4000)); signal(b_, "dvpnd", SIGCONT); break;
      case 4: {
        const auto relay = descendants(b_.pid("dvpn-relay"));
        for (const pid_t pid : relay) kill(pid, SIGSTOP);
        rest(some(100, 4000));
        for (const pid_t pid : relay) kill(pid, SIGCONT);
        break;
      }
      case 5:
        wan.run("for i in iptables ip6tables; do $i -I FORWARD 1 -m statistic --mode random --probability 0.05 -j DROP; done");
        rest(some(500, 4000));
        wan.run("iptables -D FORWARD 1; ip6tables -D FORWARD 1");
        break;
      case 6:
        wan.run("iptables -I FORWARD 1 -j DROP; ip6tables -I FORWARD 1 -j DROP");
        rest(some(100, 6000));
        wan.run("iptables -D FORWARD 1; ip6tables -D FORWARD 1");
        break;
      case 7: reload(a_); reload(b_); break;
      case 8: {
        const auto sessions = descendants(b_.pid("sshd"));
        end(b_, "sshd", SIGKILL);
        for (const pid_t pid : sessions) kill(pid, SIGKILL);
        rest(some(0, 1000));
        start(lab_, "b", "sshd");
        break;
      }
    }
  }

  struct Size {
    long descriptors, threads, kib;
  };
  static Size size_of(pid_t pid) {
    return {static_cast<long>(descriptors(pid)), std::stol(status_of(pid, "Threads")), std::stol(status_of(pid, "VmRSS"))};
  }
  Size daemon() const { return size_of(a_.pid("dvpnd")); }
  Size relay() const { return size_of(descendants(a_.pid("dvpn-relay")).front()); }
};

TEST_F(Soak, NothingIsWrongAndAllGoesOnAndNothingGrows) {
  const pid_t daemon_pid = a_.pid("dvpnd"), relay_pid = a_.pid("dvpn-relay");
  rest(8s);
  const auto warm = report();
  EXPECT_GT(ends(warm, "whole"), 50) << to_text(warm);
  EXPECT_EQ(ends(warm, "cut") + ends(warm, "slow"), 0) << to_text(warm);
  const Size daemon_before = daemon(), relay_before = relay();

  const auto until = Clock::now() + std::chrono::seconds(setting("DVPN_SOAK", 120));
  while (Clock::now() < until && !HasFailure()) {
    break_something();
    rest(Duration(std::uniform_int_distribution(200, 3000)(dice_)));
  }
  const auto meanwhile = report();
  std::cout << "while things broke: " << to_text(meanwhile) << std::endl;
  EXPECT_GT(ends(meanwhile, "whole"), ends(meanwhile, "cut") + ends(meanwhile, "slow")) << to_text(meanwhile);

  rest(10s);  // what was cut has been told, what was backing off tries again
  (void)report();
  rest(8s);
  const auto after = report();
  std::cout << "afterwards: " << to_text(after) << std::endl;
  EXPECT_GT(ends(after, "whole"), ends(warm, "whole") / 2) << to_text(after);
  EXPECT_EQ(ends(after, "cut") + ends(after, "slow"), 0) << to_text(after);

  EXPECT_EQ(a_.pid("dvpnd"), daemon_pid);
  EXPECT_EQ(a_.pid("dvpn-relay"), relay_pid);
  drivers_.clear();
  const auto idle = [&] { return dvpn(a_, "status").out.find("sessions  0") != std::string::npos; };
  EXPECT_TRUE(wait_until(idle, 20s, "the sessions to end")) << dvpn(a_, "status").out;
  const Size daemon_after = daemon(), relay_after = relay();
  std::cout << "a's daemon: " << daemon_before.descriptors << " -> " << daemon_after.descriptors << " descriptors, " << daemon_before.threads << " -> "
            << daemon_after.threads << " threads, " << daemon_before.kib << " -> " << daemon_after.kib << " KiB; relay: " << relay_before.descriptors
            << " -> " << relay_after.descriptors << ", " << relay_before.threads << " -> " << relay_after.threads << ", " << relay_before.kib << " -> "
            << relay_after.kib << " KiB" << std::endl;
  RecordProperty("whole", std::to_string(ends(meanwhile, "whole")));
  RecordProperty("cut", std::to_string(ends(meanwhile, "cut") + ends(meanwhile, "slow")));
  RecordProperty("wrong", std::to_string(ends(meanwhile, "WRONG")));
  RecordProperty("daemon_KiB", std::to_string(daemon_before.kib) + " to " + std::to_string(daemon_after.kib));
  RecordProperty("relay_KiB", std::to_string(relay_before.kib) + " to " + std::to_string(relay_after.kib));
  EXPECT_LE(daemon_after.descriptors, daemon_before.descriptors);
  EXPECT_LE(daemon_after.threads, daemon_before.threads);
  EXPECT_LE(daemon_after.kib, daemon_before.kib * 3 / 2 + 16384);
  // (it keeps the pipes of as many flows as there were at once: two a flow, of two descriptors each)
  EXPECT_LE(relay_after.descriptors, relay_before.descriptors + 4 * 2 * kClients + 16);
  EXPECT_LE(relay_after.threads, relay_before.threads);
  EXPECT_LE(relay_after.kib, relay_before.kib * 3 / 2 + 4096);
}

}  // namespace
}  // namespace dvpn::lab
