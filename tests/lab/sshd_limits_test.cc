// SPDX-License-Identifier: GPL-2.0-or-later
//
// A real sshd whose limits and settings hold us back, and a relay's: what flows meet, and that status says which limit it is and what to set there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  for (const char* line : {"backoff_min: 200ms", "backoff_max: 1s", "channels_per_session: 1"}) configure(lab->site("a"), "ssh", line);
  configure(lab->site("a"), "daemon", "workers: 1");
  for (const char* step : {"rules", "relay"}) lab->step(step);
});

class SshdLimit : public testing::Test {
 protected:
  ~SshdLimit() override {
    end(a_, "dvpnd", SIGTERM);
    if (b_.pid("sshd") != 0) end(b_, "sshd", SIGTERM);
    b_.write("sshd/sshd_config", config_);
    b_.write("sshd/sshd_config.d/00-dvpn.conf", dropin_);
    a_.write("etc/dvpnd.yaml", yaml_);
  }

  void start_both(const std::string& sshd_first_lines = "") {
    b_.write("sshd/sshd_config", sshd_first_lines + config_);
    start(*lab, "b", "sshd");
    start(*lab, "a", "daemon");
  }
  Result fetch() const { return client_.run("curl -s -m 5 http://10.0.32.2/"); }
  bool works() const { return fetch().out == "of b\n"; }
  std::string status() const { return dvpn(a_, "status").out; }

  const Site a_ = lab->site("a"), b_ = lab->site("b");
  const Host client_ = lab->host("a.h1");
  const std::string config_ = b_.read("sshd/sshd_config"), dropin_ = b_.read("sshd/sshd_config.d/00-dvpn.conf"), yaml_ = a_.read("etc/dvpnd.yaml");
  const Process web_ = lab->host("b.h1").serve_page(80, "of b");
};

constexpr const char* kTurnedAway = "its sshd turned us away, \"Exceeded MaxStartups\": it has too many connections that have not logged in; its sshd lets no more "
                                    "in at once: have MaxStartups raised there (100:30:200, say)";

TEST_F(SshdLimit, MaxStartupsIsNamedAndItGoesOnWhenThereIsRoom) {
  start_both("MaxStartups 1:100:1\nLoginGraceTime 60\n");
  {
    const Process idler = lab->wan().start("exec socat -u TCP:203.0.113.2:22 -");
    ASSERT_TRUE(idler.wait_for_output("SSH-2.0"));
    EXPECT_FALSE(works());
    EXPECT_THAT(flow_line(a_, "10.0.32.2:80", "gateway-limit"), HasSubstr("Exceeded MaxStartups"));
    EXPECT_THAT(status(), HasSubstr(std::string("degraded: gateway 203.0.113.2 is down: ") + kTurnedAway));
    EXPECT_THAT(dvpn(a_, "gateways").out, HasSubstr("\n203.0.113.2: its sshd lets no more in at once: have MaxStartups raised there"));
    EXPECT_THAT(dvpn(a_, "why 10.0.32.2:80").out, AllOf(HasSubstr("gateway-limit"), HasSubstr("have MaxStartups raised there")));
  }
  EXPECT_TRUE(wait_until([&] { return works(); }, 10s, "a session")) << a_.log("dvpnd");
  EXPECT_EQ(dvpn(a_, "status").exit, 0) << status();

  // A pool that may not grow.
  const Process idler = lab->wan().start("exec socat -u TCP:203.0.113.2:22 -");
  ASSERT_TRUE(idler.wait_for_output("SSH-2.0"));
  const Process server = lab->host("b.h1").serve(3000, "say:x hold");
  std::vector<Process> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(client_.start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 3000 hear:x hold"));
  EXPECT_TRUE(wait_until([&] { return status().find(std::string("degraded: gateway 203.0.113.2 holds us back: ") + kTurnedAway) != std::string::npos; }, 10s,
                         "status to say so")) << status() << a_.log("dvpnd");
}

TEST_F(SshdLimit, PenaltiesAreNamed) {  // (as OpenSSH 9.8 and later say it: the line, and our version left unread, which makes a reset)
  const Process sshd = lab->host("b.gw").serve(22, "'say:Not allowed at this time' close");
  start(*lab, "a", "daemon");
  EXPECT_FALSE(works());
  EXPECT_THAT(status(), AllOf(HasSubstr("\"Not allowed at this time\": it has penalties for this address (PerSourcePenalties)"), HasSubstr("PerSourcePenaltyExemptList")));
}

TEST_F(SshdLimit, AnSshdThatHangsUpIsNamed) {
  const Process sshd = lab->host("b.gw").serve(22, "close");
  start(*lab, "a", "daemon");
  EXPECT_FALSE(works());
  EXPECT_THAT(status(), HasSubstr("its sshd closed the connection before it said anything: it has too many that have not logged in (MaxStartups), or turns this address away"));
}

TEST_F(SshdLimit, ForwardingThatIsForbiddenIsNamed) {
  const auto without = [&](const std::string& what, const std::string& with) {
    std::string forbids = dropin_;
    EXPECT_NE(forbids.find(what), std::string::npos);
    b_.write("sshd/sshd_config.d/00-dvpn.conf", forbids.replace(forbids.find(what), what.size(), with));
  };
  without("AllowStreamLocalForwarding local", "AllowStreamLocalForwarding no");
  start_both();
  EXPECT_FALSE(works());
  flow_line(a_, "10.0.32.2:80", "no-relay");  // (sshd says just "open failed")
  EXPECT_THAT(status(), AllOf(HasSubstr("degraded: gateway 203.0.113.2 holds us back: no channel to the relay's socket: sshd says: open failed; start dvpn-relay there"),
                              HasSubstr("what overrules the drop-in (AllowStreamLocalForwarding, DisableForwarding)")));
  b_.write("sshd/sshd_config.d/00-dvpn.conf", dropin_);
  for (const pid_t pid : descendants(b_.pid("sshd"))) kill(pid, SIGKILL);
  signal(b_, "sshd", SIGHUP);
  EXPECT_TRUE(wait_until([&] { return works(); }, 10s, "a session that may")) << a_.log("dvpnd");
  EXPECT_EQ(dvpn(a_, "status").exit, 0) << status();
}

TEST_F(SshdLimit, ALimitOfTheRelaysIsNamedAndItGoesOnWhenThereIsRoom) {
  const std::string relay_yaml = b_.read("etc/relay.yaml");
  const auto reload_relay = [&](const std::string& yaml) {
    const std::size_t before = count(b_.log("relay"), "reloaded");
    b_.write("etc/relay.yaml", yaml);
    signal(b_, "dvpn-relay", SIGHUP);
    EXPECT_TRUE(wait_until([&] { return count(b_.log("relay"), "reloaded") > before; }, 10s, "the relay's reload")) << b_.log("relay");
  };
  reload_relay(relay_yaml + "limits: {flows_per_account: 1}\n");
  start_both();
  {
    const Process server = lab->host("b.h1").serve(3000, "say:x hold");
    const Process client = client_.start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 3000 hear:x hold");
    open_flow(a_, "10.0.32.2:3000");
    EXPECT_FALSE(works());
    EXPECT_THAT(flow_line(a_, "10.0.32.2:80", "far-limit"), HasSubstr("the relay says: limit reached: limits.flows_per_account in its relay.yaml"));
    EXPECT_THAT(status(), HasSubstr("degraded: gateway 203.0.113.2 holds us back: the relay says: limit reached: limits.flows_per_account in its relay.yaml; have that "
                                    "limit raised there, and dvpn-relay reloaded"));
    EXPECT_THAT(dvpn(a_, "gateways").out, HasSubstr("\n203.0.113.2: have that limit raised there"));
    EXPECT_THAT(dvpn(a_, "why 10.0.32.2:80").out, AllOf(HasSubstr("the relay of 203.0.113.2 has as many as its limits.flows_per_account allows"),
                                                        HasSubstr("there: raise limits.flows_per_account in relay.yaml, then reload dvpn-relay")));
  }
  EXPECT_TRUE(wait_until([&] { return works(); }, 10s, "room at the relay")) << a_.log("dvpnd");
  EXPECT_EQ(dvpn(a_, "status").exit, 0) << status();
  reload_relay(relay_yaml);
}

TEST_F(SshdLimit, TooManyKeysAreNamed) {
  std::string keys;
  for (int i = 0; i < 7; ++i) {
    const std::string key = a_.path("etc/key" + std::to_string(i));
    ASSERT_EQ(run_here("rm -f " + key + "* && ssh-keygen -q -t ed25519 -N '' -f " + key + " && chown --reference=" + a_.path("etc/id_ed25519") + " " + key +
                       " && chmod --reference=" + a_.path("etc/id_ed25519") + " " + key).exit, 0);
    keys += key + ", ";
  }
  std::string yaml = yaml_;
  const std::size_t at = yaml.find("keys: [");
  ASSERT_NE(at, std::string::npos) << yaml;
  a_.write("etc/dvpnd.yaml", yaml.insert(at + 7, keys));
  start_both("MaxAuthTries 6\n");
  EXPECT_FALSE(works());
  EXPECT_THAT(flow_line(a_, "10.0.32.2:80", "authentication"), HasSubstr("it takes no more keys (MaxAuthTries) for account 'dvpn' after SHA256:"));
  EXPECT_THAT(status(), HasSubstr("of many ssh.keys, name the one that it knows first"));
}

}  // namespace
}  // namespace dvpn::lab
