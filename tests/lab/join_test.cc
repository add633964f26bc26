// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two machines with an ordinary sshd, joined by nothing but what README says: dvpn init, an exchange of two blocks, the rules, and
// the programs. Then dvpn check: all is well at both; and broken in many ways, each is found and comes with a remedy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "joined_sites.h"
#include "json_page.h"

namespace dvpn::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string init_said;
Shared<Lab> lab([] {
  lab.make(two_sites());
  init_said = join(*lab);
});

Result operate(const std::string& site, const std::string& words, const std::string& input = "/dev/null") { return lab::operate(*lab, site, words, input); }
std::string init_words(const std::string& site) { return lab::init_words(lab->site(site)); }

TEST(Join, InitSaysWhatItMadeAndWhatIsNext) {
  EXPECT_THAT(init_said, AllOf(HasSubstr("made: " + lab->site("b").path("etc/dvpnd.yaml")), HasSubstr("made: " + lab->site("b").path("etc/id_ed25519")),
                               HasSubstr("no firewall rule changed. Next:"), HasSubstr("dvpn peer export -c ")));
  const std::string yaml = lab->site("b").read("etc/dvpnd.yaml");
  EXPECT_THAT(yaml, AllOf(HasSubstr("networks: [10.0.32.0/24, \"fd00:32::/64\"]"), HasSubstr("lan: [lan0]"), HasSubstr("wan: [wan0]"), HasSubstr("gateways: [203.0.113.2]")));
}

TEST(Join, ASecondInitChangesNothingAndSaysSo) {
  const std::string list = "cd " + lab->site("a").path("") + " && find etc gaol sshd -printf '%p %u %g %m %T@\\n' | sort";
  const std::string before = run_here(list).out;
  const Result again = operate("a", init_words("a"));
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, AllOf(HasSubstr("everything is there already, nothing was changed"), Not(HasSubstr("made: "))));
  EXPECT_EQ(run_here(list).out, before);
}

TEST(Join, PagesAreFetchedAcross) {
  const Process there = lab->host("b.h1").serve_page(80, "of b"), here = lab->host("a.h1").serve_page(80, "of a");
  EXPECT_EQ(lab->host("a.h1").run("curl -s -m 10 http://10.0.32.2/").out, "of b\n");
  EXPECT_EQ(lab->host("a.h1").run("curl -s -m 10 'http://[fd00:32::2]/'").out, "of b\n");
  EXPECT_EQ(lab->host("b.h2").run("curl -s -m 10 http://10.0.31.2/").out, "of a\n");
}

TEST(Join, TheSameBlockAgainChangesNothing) {
  const Result again = operate("b", "peer add --yes", lab->site("b").path("block"));
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, AllOf(HasSubstr("nothing to change"), HasSubstr("SHA256:")));
}

TEST(Join, ThePeerIsListed) {
  EXPECT_THAT(operate("a", "peer list").out, AllOf(HasSubstr("site-b  203.0.113.2"), HasSubstr("pinned"), HasSubstr("dvpn")));
}

TEST(Check, AllIsWellAtBoth) {
  for (const char* site : {"a", "b"}) {
    const Result check = operate(site, "check");
    EXPECT_EQ(check.exit, 0) << check.out << check.err;
    EXPECT_THAT(check.out, AllOf(Not(HasSubstr("failed  ")), HasSubstr("logged in, its relay answers (dvpn-relay"), HasSubstr("sshd confines dvpn to the relay's socket")));
  }
}

struct Damage {
  const char* what;
  const char* damage;  ///< shell, at site a; $S is its folder
  const char* repair;
  const char* check;
  const char* text;
};

class Broken : public testing::TestWithParam<Damage> {
 protected:
  static void at_a(const std::string& command) {
    const Site a = lab->site("a");
    const Result done = a.gateway().run("S=" + a.path("") + " C=" + a.path("etc/dvpnd.yaml") + " PATH=" + source_folder() + "/rules:" + DVPN_LAB_BUILD + "/src/programs:$PATH; " + command);
    EXPECT_EQ(done.exit, 0) << command << '\n' << done.out << done.err;
  }
};

/// Of the lines of a check, those that are not ok.
std::string trouble(const Result& check) { return run_here("grep -v '^ok ' <<'END'\n" + check.out + "END").out; }

TEST_P(Broken, IsFoundAndNamed) {
  const Damage& damage = GetParam();
  at_a(damage.damage);
  const Result check = operate("a", "check");
  EXPECT_EQ(check.exit, 1) << check.out;
  EXPECT_THAT(trouble(check), AllOf(testing::ContainsRegex("failed +" + std::string(damage.check) + " "), HasSubstr(damage.text), HasSubstr("do: "))) << check.out;
  at_a(damage.repair);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Broken,
    testing::Values(
        Damage{"KeyMode", "chmod 644 $S/etc/id_ed25519", "chmod 640 $S/etc/id_ed25519", "key", "has mode 644: others may use this private key"},
        Damage{"KeyOwner", "chown root:root $S/etc/id_ed25519", "chown root:dvpnd $S/etc/id_ed25519", "key", "cannot be read by dvpnd"},
        Damage{"NoKnownHost", "cp $S/etc/known_hosts $S/kept; sed -i /203.0.113.2/d $S/etc/known_hosts", "cp $S/kept $S/etc/known_hosts", "known-hosts", "has no host key of 203.0.113.2"},
        Damage{"RulesGone", "dvpn-rules remove", "dvpn-rules -c $C install", "rules", "not installed"},
        Damage{"RuleMissing", "iptables -t nat -F DVPN_CATCH", "dvpn-rules -c $C install", "rules", "differs from what install would put in place"},
        Damage{"SetEmpty", "ipset flush dvpn4", "dvpn-rules -c $C install", "rules", "dvpn4"},
        Damage{"DropInGone", "mv $S/sshd/sshd_config.d/00-dvpn.conf $S/kept", "mv $S/kept $S/sshd/sshd_config.d/00-dvpn.conf", "accounts", "00-dvpn.conf is missing"},
        Damage{"RevokedKeysGone", "mv $S/etc/revoked_keys $S/kept", "mv $S/kept $S/etc/revoked_keys", "accounts", "revoked_keys is missing, without which sshd refuses every peer"},
        Damage{"DropInOverruled", "cp $S/sshd/sshd_config $S/kept; sed -i '1i Match User dvpn\\nAllowTcpForwarding yes\\nPermitOpen any\\nMatch all' $S/sshd/sshd_config",
               "cp $S/kept $S/sshd/sshd_config", "accounts", "sets it"},
        Damage{"GaolWritable", "chmod g+w $S/gaol/run", "chmod g-w $S/gaol/run", "accounts", "can be written by others than root"},
        Damage{"NetworksDiffer", "cp $S/etc/relay.yaml $S/kept; sed -i 's,10.0.31.0/24,10.0.35.0/24,' $S/etc/relay.yaml", "cp $S/kept $S/etc/relay.yaml", "networks",
               "relay.yaml says 10.0.35.0/24"},
        Damage{"TableWrong", "cp $S/etc/hosts $S/kept; echo '10.0.77.1 x #! 203.0.113.9:70000' >>$S/etc/hosts", "cp $S/kept $S/etc/hosts", "table", "has mistakes"},
        Damage{"ConfigurationWrong", "cp $C $S/kept; echo 'nonsense: 1' >>$C", "cp $S/kept $C", "configuration", "nonsense"}),
    [](const auto& each) { return std::string(each.param.what); });

/// sshd and all that it has forked.
void end_sshd(const Site& site) {
  const std::vector<pid_t> sessions = descendants(site.pid("sshd"));
  end(site, "sshd", SIGKILL);
  for (const pid_t pid : sessions) kill(pid, SIGKILL);
}

TEST(Check, ForwardingThatIsOffIsAWarningAlone) {
  const Host gateway = lab->host("a.gw");
  ASSERT_EQ(gateway.run("sysctl -q -w net.ipv4.ip_forward=0").exit, 0);
  const Result check = operate("a", "check --gateways none");
  EXPECT_EQ(check.exit, 0) << check.out;
  EXPECT_THAT(check.out, AllOf(testing::ContainsRegex("warning +forwarding"), HasSubstr("do: net.ipv4.ip_forward = 1")));
  EXPECT_EQ(gateway.run("sysctl -q -w net.ipv4.ip_forward=1").exit, 0);
}

TEST(Check, ARelayThatDoesNotRunIsFoundAtBothEnds) {
  end(lab->site("b"), "dvpn-relay", SIGKILL);
  EXPECT_THAT(trouble(operate("b", "check")), AllOf(testing::ContainsRegex("failed +relay"), HasSubstr("dvpn-relay does not run")));
  EXPECT_THAT(trouble(operate("a", "check")), AllOf(testing::ContainsRegex("failed +gateways"), HasSubstr("203.0.113.2: no-relay"), HasSubstr("do: start dvpn-relay there")));
  start(*lab, "b", "relay");
}

TEST(Check, ADaemonThatDoesNotRunIsFound) {
  end(lab->site("b"), "dvpnd", SIGTERM);
  EXPECT_THAT(trouble(operate("b", "check")), AllOf(testing::ContainsRegex("failed +daemon"), HasSubstr("do: systemctl start dvpnd"), testing::ContainsRegex("warning +gateways")));
  start(*lab, "b", "daemon");
}

TEST(Check, AGatewayThatIsDownIsFound) {
  end_sshd(lab->site("b"));
  const Result check = operate("a", "check");
  EXPECT_EQ(check.exit, 1);
  EXPECT_THAT(trouble(check), AllOf(testing::ContainsRegex("failed +gateways"), HasSubstr("203.0.113.2: ")));
  start(*lab, "b", "sshd");
}

TEST(Check, AKeyThatIsNotLetInAndAChangedHostKeyAreFound) {
  const Site a = lab->site("a"), b = lab->site("b");
  const auto anew = [&] {
    end(a, "dvpnd", SIGTERM);
    start(*lab, "a", "daemon");
  };
  const std::string keys = b.read("etc/authorized_keys.d/dvpn");
  b.write("etc/authorized_keys.d/dvpn", "");
  anew();
  EXPECT_THAT(trouble(operate("a", "check")), AllOf(HasSubstr("203.0.113.2: authentication"), HasSubstr("do: have our public key put into authorized_keys.d")));
  b.write("etc/authorized_keys.d/dvpn", keys);

  const std::string pins = a.read("etc/known_hosts");
  const std::string other = lab->site("a").read("sshd/host_ed25519.pub");
  a.write("etc/known_hosts", "203.0.113.2 " + other);
  anew();
  EXPECT_THAT(trouble(operate("a", "check")), AllOf(HasSubstr("203.0.113.2: host-key-changed"), HasSubstr("do: ask its administrator")));
  a.write("etc/known_hosts", pins);
  anew();
  const Result check = operate("a", "check --json");
  EXPECT_EQ(check.exit, 0) << check.out;
  EXPECT_THAT(check.out, AllOf(HasSubstr("\"failed\":0"), HasSubstr("\"check\":\"gateways\"")));
  EXPECT_THAT(check.out, testing::ContainsRegex("203.0.113.2: its clock is [0-9]+ms (ahead of|behind) ours, give or take [0-9]+ms"));
  const JsonPage page(source_folder() + "/man/dvpn-json.7");
  EXPECT_EQ(page.differences("check", nlohmann::json::parse(check.out)), std::vector<std::string>{});
}

}  // namespace
}  // namespace dvpn::lab
