// SPDX-License-Identifier: GPL-2.0-or-later
//
// A changed table or configuration comes into force while flows run: they go on as they began, new ones follow the new
// table, the rules' sets follow and the rules stay; and what is broken changes nothing and says where. One lab serves all
// tests; each begins with the same files in force.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "servers.h"

namespace dvpn::lab {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// More ways to b's hosts, by the addresses of networks that are nowhere.
constexpr const char* kWays =
    "10.0.97.1 gone #! 203.0.113.2 10.0.97.0/24 map=10.0.32.0/24\n"
    "10.0.98.1 other #! 203.0.113.2 10.0.98.1/32 map=10.0.32.2/32\n"
    "fd00:97::1 gone6 #! [2001:db8::2]:22 fd00:97::/64 map=fd00:32::/64\n";
constexpr const char* kOtherWays =
    "10.0.98.1 other #! 203.0.113.2 10.0.98.1/32 map=10.0.32.3/32\n"
    "10.0.99.1 new #! 203.0.113.2 10.0.99.0/24 map=10.0.32.0/24\n"
    "fd00:99::1 new6 #! [2001:db8::2]:22 fd00:99::/64 map=fd00:32::/64\n";

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  const Site a = lab->site("a");
  a.write("etc/hosts", a.read("etc/hosts") + kWays);
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

/// A download from b.h1 that has begun and waits in the middle until it may go on.
class Download {
 public:
  Download(const std::string& name, const std::string& address)
      : gate_(lab->site("a").path(name)),
        process_(lab->host("a.h1").start("mkfifo " + gate_ + " && curl -sSfg http://" + address + "/large | { echo begun; head -c 1; read -r go <" + gate_ +
                                         "; cat; } | { read -r begun; echo begun >&2; sha256sum; }; echo \"${PIPESTATUS[@]}\"")) {
    EXPECT_TRUE(process_.wait_for_output("begun")) << process_.err();
  }
  Result finish() {
    EXPECT_TRUE(process_.running());
    run_here("echo go >" + gate_);
    return process_.wait(20s);
  }

 private:
  std::string gate_;
  Process process_;
};

class Reload : public testing::Test {
 protected:
  Reload() : table_(a_.read("etc/hosts")), config_(a_.read("etc/dvpnd.yaml")) {
    for (const int number : {1, 2}) EXPECT_EQ(web(number).run("echo h" + std::to_string(number) + " >files/page").exit, 0);
  }
  ~Reload() override {
    a_.write("etc/hosts", table_);
    a_.write("etc/dvpnd.yaml", config_);
    EXPECT_EQ(reload().exit, 0);
  }

  Server& web(int number) { return number == 1 ? web1_ : web2_; }
  Result dvpn(const std::string& arguments) {
    const std::string exe = run_here("readlink /proc/" + std::to_string(a_.pid("dvpnd")) + "/exe").out;
    return run_here(exe.substr(0, exe.rfind('/')) + "/dvpn " + arguments);
  }
  Result reload() { return dvpn("reload --socket " + a_.path("run/control.sock")); }
  std::string status() { return dvpn("status --socket " + a_.path("run/control.sock")).out; }
  /// The page at an address, or curl's exit code.
  std::string page(const std::string& address, const std::string& from = "a.h1") {
    const Result result = lab->host(from).run("curl -sSfg -m 3 http://" + address + "/page");
    return result.exit == 0 ? result.out : "curl exits with " + std::to_string(result.exit);
  }
  std::string rules() {
    return a_.gateway().run("{ iptables-save; ip6tables-save; } | sed -e '/^#/d' -e 's/\\[[0-9:]*\\]//'").out;
  }
  std::string sets() {
    return a_.gateway().run("for set in dvpn4 dvpn6; do ipset list $set | sed '1,/^Members/d' | sort; done").out;
  }

  /// The second stop's routes, written as the sets are; and whether it is the one that dvpn-rules would make.
  std::string routes() {
    return a_.gateway().run("for f in 4 6; do ip -$f route show table 7981 | awk '$2 != \"default\" "
                            "{ print $2 ($1 == \"throw\" ? \" nomatch\" : \"\") }' | sort; done").out;
  }
  bool routes_follow() {
    return wait_until([&] { return routes() == sets(); }, 10s, "the second stop's routes");
  }

  Site a_ = lab->site("a");
  Server web1_ = web_server(lab->host("b.h1")), web2_ = web_server(lab->host("b.h2"));
  std::string table_, config_;
};

TEST_F(Reload, ANewTableIsInForceAtOnceAndLiveDownloadsGoOn) {
  ASSERT_EQ(web1_.run(noise(200u << 20) + " >files/large").exit, 0);
  EXPECT_EQ(page("10.0.98.1"), "h1\n");
  Download through_gone("gate1", "10.0.97.2"), through_other("gate2", "10.0.98.1"), through_gone6("gate3", "[fd00:97::2]"),
      through_same("gate4", "10.0.32.2");
  const std::string rules_before = rules();
  EXPECT_EQ(sets(), "10.0.31.0/24 nomatch\n10.0.32.0/24\n10.0.97.0/24\n10.0.98.1\nfd00:31::/64 nomatch\nfd00:32::/64\nfd00:97::/64\n");
  EXPECT_TRUE(routes_follow());

  a_.write("etc/hosts", table_.substr(0, table_.find(kWays)) + kOtherWays);
  const std::string before = a_.log("dvpnd");
  ASSERT_EQ(kill(a_.pid("dvpnd"), SIGHUP), 0);
  ASSERT_TRUE(wait_until([&] { return a_.log("dvpnd").find("reloaded: 7 routes", before.size()) != std::string::npos; }, 10s, "the reload"));

  EXPECT_EQ(page("10.0.99.2"), "h1\n");
  EXPECT_EQ(page("10.0.99.3"), "h2\n");
  EXPECT_EQ(page("[fd00:99::3]"), "h2\n");
  EXPECT_EQ(page("10.0.98.1"), "h2\n");
  EXPECT_EQ(page("10.0.32.2"), "h1\n");
  EXPECT_THAT(page("10.0.97.2"), HasSubstr("curl exits with "));
  EXPECT_THAT(page("[fd00:97::2]"), HasSubstr("curl exits with "));
  EXPECT_EQ(sets(), "10.0.31.0/24 nomatch\n10.0.32.0/24\n10.0.98.1\n10.0.99.0/24\nfd00:31::/64 nomatch\nfd00:32::/64\nfd00:99::/64\n");
  EXPECT_TRUE(routes_follow());
  EXPECT_EQ(rules(), rules_before);

  for (Download* download : {&through_gone, &through_other, &through_gone6, &through_same}) {
    const Result end = download->finish();
    EXPECT_EQ(end.out, web1_.hash("files/large") + "  -\n0 0 0\n") << end.err;
  }
}

TEST_F(Reload, ABrokenTableChangesNothingAndSaysWhere) {
  ASSERT_EQ(web1_.run(noise(200u << 20) + " >files/large").exit, 0);
  Download live("gate5", "10.0.32.2");
  const std::string sets_before = sets();
  a_.write("etc/hosts", kOtherWays + std::string("10.0.88.1 bad #! 203.0.113.2:70000\n"));
  const Result refused = reload();
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, ContainsRegex("/etc/hosts:4:30: error: port 70000 is out of range .*\n"
                                         " *10.0.88.1 bad #! 203.0.113.2:70000\n +\\^~~~~\n"));
  EXPECT_THAT(status(), HasSubstr("port 70000 is out of range"));
  EXPECT_EQ(page("10.0.97.3"), "h2\n");
  EXPECT_EQ(page("10.0.98.1"), "h1\n");
  EXPECT_THAT(page("10.0.99.2"), HasSubstr("curl exits with "));
  EXPECT_EQ(sets(), sets_before);
  EXPECT_EQ(live.finish().out, web1_.hash("files/large") + "  -\n0 0 0\n");
  // Mended, it is taken, and the error is forgotten.
  a_.write("etc/hosts", table_);
  EXPECT_EQ(reload().exit, 0);
  EXPECT_THAT(status(), Not(HasSubstr("70000")));
}

TEST_F(Reload, ATableThatChangesOnTheDiskIsReadByItself) {
  const auto map = [this](const std::string& words) { return dvpn("map " + words + " --table " + a_.path("etc/hosts")); };
  const Result set = map("set 10.0.98.1 other 203.0.113.2 10.0.98.1/32 map=10.0.32.3/32");
  EXPECT_EQ(set.exit, 0) << set.err;
  EXPECT_TRUE(wait_until([&] { return page("10.0.98.1") == "h2\n"; }, 5s, "the changed line"));
  // By an editor that writes in place, and with a mistake: the table that was read before stays.
  a_.write("etc/hosts", kOtherWays + std::string("10.0.88.1 bad #! 203.0.113.2:70000\n"));
  EXPECT_TRUE(wait_until([&] { return status().find("port 70000 is out of range") != std::string::npos; }, 5s, "the mistake in the status"));
  EXPECT_EQ(page("10.0.98.1"), "h2\n");
  EXPECT_EQ(page("10.0.97.2"), "h1\n");
  a_.write("etc/hosts", table_);
  EXPECT_TRUE(wait_until([&] { return page("10.0.98.1") == "h1\n" && status().find("70000") == std::string::npos; }, 5s, "the mended table"));
}

TEST_F(Reload, ABrokenConfigurationChangesNothingAndSaysWhere) {
  a_.write("etc/dvpnd.yaml", config_ + "limits:\n  flwos: 1\n");
  a_.write("etc/hosts", kOtherWays);
  const Result refused = reload();
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, AllOf(ContainsRegex("/etc/dvpnd.yaml:[0-9]+:3: error: .*flwos"), HasSubstr("  flwos: 1\n"), ContainsRegex("\n +\\^~~~~\n"),
                                 HasSubstr("did you mean 'flows'?")));
  EXPECT_THAT(status(), HasSubstr("flwos"));
  EXPECT_EQ(page("10.0.97.2"), "h1\n");
  EXPECT_EQ(page("10.0.98.1"), "h1\n");
}

TEST_F(Reload, StaticForwardsComeChangeAndGo) {
  const auto forward = [this](const std::string& list) {
    a_.write("etc/dvpnd.yaml", config_ + "forwards: [" + list + "]\n");
    return reload();
  };
  EXPECT_EQ(page("127.0.0.1:2600", "a.gw"), "curl exits with 7");
  EXPECT_EQ(forward("{listen: \"127.0.0.1:2600\", to: \"10.0.32.2:80\"}").err, "");
  EXPECT_EQ(page("127.0.0.1:2600", "a.gw"), "h1\n");
  // One more; the first one stays as it is.
  EXPECT_EQ(forward("{listen: \"127.0.0.1:2600\", to: \"10.0.32.2:80\"}, {listen: \"[::1]:2600\", to: \"[fd00:32::3]:80\"}").err, "");
  EXPECT_EQ(page("127.0.0.1:2600", "a.gw") + page("[::1]:2600", "a.gw"), "h1\nh2\n");
  // The same port leads elsewhere.
  EXPECT_EQ(forward("{listen: \"127.0.0.1:2600\", to: \"10.0.32.3:80\"}").err, "");
  EXPECT_EQ(page("127.0.0.1:2600", "a.gw"), "h2\n");
  EXPECT_EQ(page("[::1]:2600", "a.gw"), "curl exits with 7");
  // What cannot be listened on changes nothing.
  EXPECT_EQ(forward("{listen: \"127.0.0.1:2601\", to: \"10.0.32.2:80\"}, {listen: \"192.0.2.77:80\", to: \"10.0.32.2:80\"}").exit, 1);
  EXPECT_EQ(page("127.0.0.1:2600", "a.gw"), "h2\n");
  EXPECT_EQ(page("127.0.0.1:2601", "a.gw"), "curl exits with 7");
  EXPECT_EQ(forward("").exit, 0);
  EXPECT_EQ(page("127.0.0.1:2600", "a.gw"), "curl exits with 7");
}

}  // namespace
}  // namespace dvpn::lab
