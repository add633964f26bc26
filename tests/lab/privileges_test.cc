// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the daemons may do, as the kernel tells it, and how they meet the service manager and mistaken starts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::ContainsRegex;

constexpr const char* kDaemonsAccount = "64300";  // in the lab (lib/network.sh)
constexpr const char* kRelaysAccount = "64301";
constexpr const char* kPeers = "64302";

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->start();
});

std::string mask(std::uint64_t capabilities) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(capabilities));
  return text;
}

std::string four(const std::string& id) { return id + "\t" + id + "\t" + id + "\t" + id; }

TEST(Privileges, OfTheDaemonAreTwoCapabilitiesAndItsOwnAccount) {
  const pid_t dvpnd = lab->site("a").pid("dvpnd");
  ASSERT_GT(dvpnd, 0);
  const std::string two = mask(1u << CAP_NET_ADMIN | 1u << CAP_NET_BIND_SERVICE);
  EXPECT_EQ(status_of(dvpnd, "Uid"), four(kDaemonsAccount));
  EXPECT_EQ(status_of(dvpnd, "Gid"), four(kDaemonsAccount));
  EXPECT_EQ(status_of(dvpnd, "CapEff"), two);
  EXPECT_EQ(status_of(dvpnd, "CapPrm"), two);
  EXPECT_EQ(status_of(dvpnd, "CapBnd"), two);
  EXPECT_EQ(status_of(dvpnd, "NoNewPrivs"), "1");
  EXPECT_THAT(run_here("cat /proc/" + std::to_string(dvpnd) + "/task/*/status").out, testing::Not(ContainsRegex("Uid:\t0")));
}

TEST(Privileges, OfTheServingRelayAreNone) {
  const Site b = lab->site("b");
  const std::vector<pid_t> relay = descendants(b.pid("dvpn-relay"));
  ASSERT_EQ(relay.size(), 1u);
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) EXPECT_EQ(status_of(relay[0], set), mask(0)) << set;
  EXPECT_EQ(status_of(relay[0], "Uid"), four(kRelaysAccount));
  EXPECT_EQ(status_of(relay[0], "NoNewPrivs"), "1");
  EXPECT_EQ(status_of(relay[0], "Seccomp"), "2");
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(relay[0]) + "/root"), b.path("gaol"));
  const Result socket = run_here("stat -c '%g %a' " + b.path("gaol/run/relay.sock"));
  EXPECT_EQ(socket.out, std::string(kPeers) + " 660\n");
}

TEST(Privileges, OfTheRelaysParentAreReadingAndEndingItsChild) {
  const pid_t parent = lab->site("b").pid("dvpn-relay");
  EXPECT_EQ(status_of(parent, "CapEff"), mask(1u << CAP_DAC_READ_SEARCH | 1u << CAP_KILL));
  EXPECT_EQ(status_of(parent, "NoNewPrivs"), "1");
}

TEST(Second, ADaemonOnTheSameControlSocketRefuses) {
  const Site a = lab->site("a");
  std::string config = a.read("etc/dvpnd.yaml") + "intercept: {port: 9041}\n";
  a.write("etc/second.yaml", config);
  const Result second = a.gateway().run(std::string(DVPN_LAB_DVPND) + " -c " + a.path("etc/second.yaml"));
  EXPECT_EQ(second.exit, 1);
  EXPECT_EQ(second.err, "<3>control socket " + a.path("run/control.sock") + ": another dvpnd serves it already\n");
  EXPECT_EQ(dvpn(a, "status").exit, 0);
}

/// A stand-in for the service manager: one line for each message.
class Manager {
 public:
  Manager(const Host& host, const Site& site)
      : path_(site.path("run/notify")),
        process_(host.start("rm -f " + path_ + "; socat -u UNIX-RECVFROM:" + path_ + ",fork,mode=666 SYSTEM:'cat; echo'")) {
    wait_until([&] { return std::filesystem::exists(path_); }, 10s, "the manager's socket");
  }
  std::string environment() const { return "NOTIFY_SOCKET=" + path_ + " WATCHDOG_USEC=600000 "; }
  void hears(const std::string& message) const {
    EXPECT_TRUE(process_.wait_for_output(message)) << process_.out() << process_.err();
  }

 private:
  std::string path_;
  Process process_;
};

TEST(ServiceManager, HearsOfTheDaemon) {
  const Site a = lab->site("a");
  end(a, "dvpnd", SIGTERM);
  const Manager manager(a.gateway(), a);
  Process dvpnd = a.gateway().start(manager.environment() + "exec " + DVPN_LAB_DVPND + " -c " + a.path("etc/dvpnd.yaml"));
  manager.hears("READY=1");
  manager.hears("WATCHDOG=1[^]*WATCHDOG=1");
  dvpnd.kill(SIGTERM);
  manager.hears("STOPPING=1");
  EXPECT_EQ(dvpnd.wait(10s).exit, 0);
  start(*lab, "a", "daemon");
}

TEST(ServiceManager, HearsOfTheRelay) {
  const Site b = lab->site("b");
  end(b, "dvpn-relay", SIGTERM);
  const Manager manager(b.gateway(), b);
  Process relay = b.gateway().start(manager.environment() + "exec " + DVPN_LAB_RELAY + " -c " + b.path("etc/relay.yaml"));
  manager.hears("READY=1");
  manager.hears("WATCHDOG=1[^]*WATCHDOG=1");
  relay.kill(SIGHUP);
  manager.hears("RELOADING=1");
  relay.kill(SIGTERM);
  manager.hears("STOPPING=1");
  EXPECT_EQ(relay.wait(10s).exit, 0);
  start(*lab, "b", "relay");
}

TEST(Ending, AnIdleCallerOfTheControlSocketDoesNotHoldItUp) {
  const Site a = lab->site("a");
  const Process idle = a.gateway().start("exec socat UNIX-CONNECT:" + a.path("run/control.sock") + " EXEC:'sleep 100'");
  wait_until([&] { return count(a.gateway().run("ss -Hx state established").out, a.path("run/control.sock")) > 0; }, 10s, "the caller");
  end(a, "dvpnd", SIGTERM);  // within its 10 s; a caller has 30 s for a line
  EXPECT_THAT(a.log("dvpnd"), testing::EndsWith("dvpnd stopped\n"));
  start(*lab, "a", "daemon");
}

class Start : public testing::Test {
 protected:
  const Site a_ = lab->site("a");
  const std::string config_ = a_.path("etc/start.yaml"), key_ = a_.path("etc/id_ed25519");

  void SetUp() override { a_.write("etc/start.yaml", a_.read("etc/dvpnd.yaml")); }
  void TearDown() override { run_here("cd " + a_.path("etc") + "; mv -f hosts.away hosts; mv -f id.away id_ed25519; chmod 600 id_ed25519"); }
  Result check() const { return dvpnd("--check -c " + config_); }
  Result dvpnd(const std::string& arguments) const { return a_.gateway().run(std::string(DVPN_LAB_DVPND) + " " + arguments); }
  /// Both --check and a start refuse, with the same words.
  void refuses(const std::string& words) const {
    for (const char* how : {"--check -c ", "-c "}) {
      const Result result = dvpnd(how + config_);
      EXPECT_EQ(result.exit, 78);
      EXPECT_EQ(result.err, words);
      EXPECT_EQ(result.out, "");
    }
  }
};

TEST_F(Start, TheCheckSaysOk) {
  const Result result = check();
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_EQ(result.out, config_ + ": ok, 4 routes\n");
}

TEST_F(Start, TheVersionNamesTheLibraryAsWell) {
  const Result result = dvpnd("--version");
  EXPECT_EQ(result.exit, 0);
  EXPECT_THAT(result.out, ContainsRegex("^dvpnd [0-9.]+ .libssh [0-9.]+.\n$"));
}

TEST_F(Start, AnUnknownOptionIsAUsageError) { EXPECT_EQ(dvpnd("--frobnicate").exit, 2); }

TEST_F(Start, WithoutAConfiguration) {
  run_here("rm " + config_);
  refuses(config_ + ": No such file or directory\n");
}

TEST_F(Start, WithoutATable) {
  run_here("mv " + a_.path("etc/hosts") + " " + a_.path("etc/hosts.away"));
  refuses(a_.path("etc/hosts") + ": No such file or directory\n");
}

TEST_F(Start, WithABrokenTable) {
  run_here("cp " + a_.path("etc/hosts") + " " + a_.path("etc/hosts.away"));
  a_.write("etc/hosts", "10.0.32.1  thursday  #!203.0.113.7:70000\n");
  refuses(a_.path("etc/hosts") + ":1:36: error: port 70000 is out of range (1..65535)\n"
          "  10.0.32.1  thursday  #!203.0.113.7:70000\n"
          "                                     ^~~~~\n");
}

TEST_F(Start, WithoutItsKey) {
  run_here("mv " + key_ + " " + a_.path("etc/id.away"));
  refuses(key_ + ": No such file or directory; make one with: ssh-keygen -t ed25519 -N '' -f " + key_ + "\n");
}

TEST_F(Start, WithAKeyThatOthersMayRead) {
  run_here("chmod 644 " + key_);
  refuses(key_ + ": others may use this private key; run: chmod 640 " + key_ + "\n");
}

}  // namespace
}  // namespace dvpn::lab
