// SPDX-License-Identifier: GPL-2.0-or-later
//
// dvpn-rules as a program: what it puts in place, leaves alone, repairs, refuses and takes away; with both variants.

#include <gmock/gmock.h>

#include "rules_site.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

class RulesInstall : public testing::TestWithParam<std::string> {
 protected:
  Lab lab{"site a networks 10.0.31.0/24 fd00:31::/64 wan 203.0.113.1 2001:db8::1\n"};
  RulesSite site{lab, "a", GetParam()};

  /// What an administrator may have, with everything that ours could disturb.
  void foreign_rules() {
    for (const int family : {4, 6}) {
      site.iptables("-P FORWARD DROP", family);
      site.iptables("-N ADMIN", family);
      site.iptables("-A ADMIN -p tcp --dport 22 -m comment --comment 'two words' -j ACCEPT", family);
      site.iptables("-A INPUT -j ADMIN", family);
      site.iptables("-A INPUT -p tcp --dport 9040 -j DROP", family);
      site.iptables("-A OUTPUT -p udp --dport 53 -j ACCEPT", family);
      site.iptables("-t nat -A POSTROUTING -o wan0 -j MASQUERADE", family);
      site.iptables("-t raw -A PREROUTING -i wan0 -p udp -j CT --notrack", family);
      site.iptables("-t mangle -A PREROUTING -i wan0 -j MARK --set-xmark 0x1/0x1", family);
      site.iptables("-t nat -A PREROUTING -i wan0 -p tcp --dport 2222 -j REDIRECT --to-ports 22", family);
    }
    EXPECT_EQ(site.gateway().run("ip rule add pref 200 from 192.0.2.1 lookup 200; ip -6 rule add pref 200 fwmark 1/1 lookup 200").exit, 0);
    EXPECT_EQ(site.gateway().run("ipset create admins hash:ip && ipset add admins 192.0.2.1").exit, 0);
  }
  /// The lines of save() that are not ours.
  std::string foreign() {
    return run_here("grep -v DVPN_ <<'END'\n" + site.save() + "END").out;
  }
};

TEST_P(RulesInstall, IsInPlaceAfterwardsAndSaysSo) {
  EXPECT_EQ(site.rules("check").exit, 1);
  EXPECT_THAT(site.rules("check").out, HasSubstr("not installed"));
  site.install();
  const Result check = site.rules("check");
  EXPECT_EQ(check.exit, 0) << check.out << check.err;
  EXPECT_THAT(site.rules("show").out, HasSubstr("-A DVPN_CATCH -p tcp -m set --match-set dvpn4 dst -j REDIRECT --to-ports 9040"));
  EXPECT_EQ(site.rules("show").out, site.rules("show --wanted").out);
}

TEST_P(RulesInstall, ASecondTimeChangesNothing) {
  foreign_rules();
  site.install();
  const std::string once = site.everything();
  site.install();
  EXPECT_EQ(site.everything(), once);
}

TEST_P(RulesInstall, LeavesForeignRulesAsTheyWere) {
  foreign_rules();
  const std::string before = foreign();
  site.install();
  EXPECT_EQ(foreign(), before);
}

TEST_P(RulesInstall, RemovedItIsAsIfItHadNeverBeen) {
  foreign_rules();
  const std::string before = site.everything();
  site.install();
  EXPECT_NE(site.everything(), before);
  EXPECT_EQ(site.rules("remove").exit, 0);
  EXPECT_EQ(site.everything(), before);
  EXPECT_EQ(site.rules("remove").exit, 0);
  EXPECT_EQ(site.everything(), before);
}

TEST_P(RulesInstall, CheckFindsEveryKindOfDamageAndInstallRepairsIt) {
  const std::string t = GetParam(), four = "iptables-" + t + " -w 10 ", six = "ip6tables-" + t + " -w 10 ";
  const std::pair<std::string, std::string> damages[] = {
      {four + "-D DVPN_WAN 3", "-A DVPN_WAN -m set --match-set dvpn4 dst -m addrtype"},
      {six + "-A DVPN_IN -j ACCEPT", "+IPv6 filter DVPN_IN rule -A DVPN_IN -j ACCEPT"},
      {four + "-D FORWARD -j DVPN_FWD", "-IPv4 filter FORWARD place 1 -A FORWARD -j DVPN_FWD"},
      {four + "-I INPUT -j ACCEPT", "+IPv4 filter INPUT place 2 -A INPUT -j DVPN_IN"},
      {six + "-t nat -D PREROUTING 1; " + six + "-t nat -F DVPN_PRE; " + six + "-t nat -X DVPN_PRE", "-IPv6 nat DVPN_PRE (chain)"},
      {four + "-N DVPN_OLD; " + four + "-A OUTPUT -p tcp -j DVPN_OLD; " + four + "-A DVPN_OLD -j DROP", "DVPN_OLD"},
      {"ipset del dvpn4 10.0.32.0/24", "-set dvpn4 10.0.32.0/24"},
      {"ipset add dvpn6 fd00:99::/64", "+set dvpn6 fd00:99::/64"},
      {"ipset create DVPN_FRESH hash:net; ipset del dvpn4 10.0.31.0/24", "-set dvpn4 10.0.31.0/24 nomatch"},
      {"ip -6 route del default dev lo", "-route default dev lo"},
      {four + "-t raw -D DVPN_HOLD -j NFQUEUE --queue-num 9040 --queue-bypass", "-IPv4 raw DVPN_HOLD rule -A DVPN_HOLD -j NFQUEUE"},
      {six + "-D DVPN_IN 1", "-IPv6 filter DVPN_IN rule -A DVPN_IN -m mark --mark 0x8000000/0x8000000 -j DVPN_GATE"},
      {four + "-t mangle -D DVPN_OUT 1", "-IPv4 mangle DVPN_OUT rule -A DVPN_OUT -m connmark"},
      {"ip rule del pref 79 lookup 7979", "-IPv4 rule 79:"},
      {"ip rule del pref 79 lookup 7980", "-IPv4 rule 79:"},
      {"ip rule add pref 80 iif lan0 lookup 7979 protocol 79", "+IPv4 rule 80:"},
      {"ip -6 route del local default table 7979", "-IPv6 route 7979 local default dev lo"},
      {"ip -6 route del local default dev lo table 7980", "-IPv6 route 7980 local default dev lo"},
      {"ip rule del pref 80 lookup 7981; ip -6 route add prohibit fd00:32::/64 metric 9 table 7981 proto 79", "-IPv4 rule 80:"},
      {"ip -6 rule add pref 80 iif wan0 lookup 7981 protocol 79; ip -6 route flush table 7981", "-IPv6 route 7981 throw default"},
      {"ip route add 10.0.33.0/24 dev lo table 7981; ip route replace throw 10.0.32.0/24 table 7981 proto 79", "-IPv4 route 7981 prohibit 10.0.32.0/24"},
  };
  constexpr std::size_t kRounds = 3;  // (each damage alone would take minutes; none of a round hides another)
  site.install();
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t i = round; i < std::size(damages); i += kRounds) EXPECT_EQ(site.gateway().run(damages[i].first).exit, 0) << damages[i].first;
    const Result check = site.rules("check");
    EXPECT_EQ(check.exit, 1);
    for (std::size_t i = round; i < std::size(damages); i += kRounds) EXPECT_THAT(check.out, HasSubstr(damages[i].second)) << damages[i].first;
    site.install();
    const Result repaired = site.rules("check");
    EXPECT_EQ(repaired.exit, 0) << repaired.out;
  }
}

TEST_P(RulesInstall, TheRoutesOfTheSecondStopChangeByDifferencesAndWithoutAGap) {
  site.install();
  const Process kernel = site.gateway().start("exec stdbuf -oL ip monitor route rule");
  const auto tells = [&](const std::string& mark) {
    return wait_until([&] {
      site.gateway().run("ip route replace prohibit " + mark + " table 99; ip route del prohibit " + mark + " table 99");
      return kernel.out().find("Deleted prohibit " + mark) != std::string::npos;
    }, 10s, mark);
  };
  ASSERT_TRUE(tells("192.0.2.8"));
  site.install(Dump{.prefixes = {"10.0.0.0/16", "10.0.40.0/24", "fd00:32::/64"}});
  site.install(Dump{.prefixes = {"10.0.0.0/16", "10.0.40.0/24", "fd00:32::/64"}});
  ASSERT_TRUE(tells("192.0.2.9"));
  EXPECT_EQ(run_here("grep ' 7981 ' <<'END' | sed 's/ *$//'\n" + kernel.out() + "END").out,
            "prohibit 10.0.40.0/24 table 7981 proto 79\nDeleted prohibit 10.0.32.0/24 table 7981 proto 79\n");
}

TEST_P(RulesInstall, WithoutTheGateNothingIsHeldOrMarked) {
  site.install();
  const std::string held = site.everything();
  EXPECT_THAT(held, HasSubstr("NFQUEUE"));
  const Dump accept_first{.gate = "accept-first"};
  site.install(accept_first);
  const std::string open = site.everything();
  for (const char* part : {"--queue-num 9040", "DVPN_GATE", "0x8000000", "*raw"}) EXPECT_THAT(open, testing::Not(HasSubstr(part)));
  EXPECT_EQ(site.rules("check", accept_first.text()).exit, 0);
  EXPECT_EQ(site.rules("check").exit, 1);
  site.install();
  EXPECT_EQ(site.everything(), held);
}

TEST_P(RulesInstall, AnotherRateIsAnotherTableOfTheKernelAndNoneIsLeft) {
  const auto tables = [&] { return site.gateway().run("cd /proc/net && ls ipt_hashlimit ip6t_hashlimit | sort -u | grep dvpn").out; };
  site.install();
  EXPECT_EQ(tables(), "dvpn-4000\ndvpn-unsure\n");
  site.install(Dump{.new_per_client = "7"});
  EXPECT_EQ(tables(), "dvpn-7\ndvpn-unsure\n");
  EXPECT_EQ(site.rules("check").exit, 1);
  site.install(Dump{.new_per_client = "0"});
  EXPECT_EQ(tables(), "dvpn-unsure\n");
  EXPECT_THAT(site.save(), testing::Not(HasSubstr("--hashlimit-above")));
  site.install();
  EXPECT_EQ(site.rules("remove").exit, 0);
  EXPECT_EQ(tables(), "");
}

TEST_P(RulesInstall, TheMarksBitsAreTheConfiguredOnes) {
  site.install(Dump{.mark = "0x000000f0"});
  EXPECT_THAT(site.save(), HasSubstr("-A DVPN_GATE -m mark --mark 0xb0/0xf0 -j REJECT --reject-with icmp-admin-prohibited"));
  EXPECT_THAT(site.save(), HasSubstr("-A DVPN_LEAK -m mark --mark 0x40/0x40 -j RETURN"));
  EXPECT_THAT(site.gateway().run("ip rule").out, HasSubstr("fwmark 0x80/0x80 iif lan0"));
  EXPECT_THAT(site.gateway().run("ip rule").out, HasSubstr("fwmark 0x40/0x40 lookup 7980"));
}

TEST_P(RulesInstall, TheNumberOfRulesDoesNotDependOnTheTable) {
  site.install();
  const std::string small = site.save();
  const std::string file = "/tmp/dvpn-dump." + lab.id();
  const std::string prefixes =
      R"(seq 0 65535 | awk '{ printf "prefix 10.%d.%d.%d/26\n", 64 + $1 / 1024, int($1 / 4) % 256, $1 % 4 * 64 }')";
  ASSERT_EQ(run_here("{ cat <<'END'\n" + Dump().text() + "END\n" + prefixes + "; } >" + file).exit, 0);
  const std::string program = source_folder() + "/rules/dvpn-rules --variant " + GetParam() + " --dump " + file;
  const Result result = site.gateway().run(program + " install");
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_LT(result.seconds, 10);
  EXPECT_EQ(site.save(), small);
  EXPECT_EQ(site.gateway().run("ipset list -terse dvpn4 | sed -n 's/^Number of entries: //p'").out, "65539\n");
  EXPECT_EQ(site.gateway().run(program + " check").exit, 0);
  run_here("rm -f " + file);
}

TEST_P(RulesInstall, ARuleSetOfTheOtherVariantIsReplaced) {
  const RulesSite other(lab, "a", GetParam() == "nft" ? "legacy" : "nft");
  other.install();
  site.install();
  EXPECT_EQ(other.save(), "IPv4\nIPv6\n");
  EXPECT_EQ(site.rules("check").exit, 0);
}

TEST_P(RulesInstall, BadInputIsRefusedAndChangesNothing) {
  site.install();
  const std::string before = site.everything(), good = Dump().text();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::pair<std::string, std::string> inputs[] = {
      {"", "this program reads version 'dvpn-rules 1', not ''"},
      {with("dvpn-rules 1", "dvpn-rules 2"), "not 'dvpn-rules 2'"},
      {with("role router", "role hub"), "role is router or leaf, not 'hub'"},
      {with("role router\n", ""), "role is missing"},
      {with("role router", "role router\nrole leaf"), "role is given twice"},
      {with("port 9040", "port 70000"), "'70000' is no port"},
      {with("port 9040", "port 22"), "port 22 is the daemon's"},
      {with("gate hold", "gate shut"), "gate is hold or accept-first, not 'shut'"},
      {with("queue 9040", "queue 65536"), "'65536' is no number of a queue"},
      {with("queue 9040", "queue 08"), "'08' is no number of a queue"},
      {with("new-per-client 4000", "new-per-client 04"), "'04' is no rate"},
      {with("new-per-client 4000", "new-per-client 100001"), "'100001' is no rate"},
      {with("new-per-client 4000\n", ""), "new-per-client is missing"},
      {with("mark 0x0f000000", "mark 0xf"), "'0xf' is no field of a mark"},
      {with("mark 0x0f000000", "mark 0x00000000"), "'0x00000000' is no field of a mark"},
      {with("mark 0x0f000000\n", ""), "mark is missing"},
      {with("set dvpn", "set a b"), "'a b' is no name for a set"},
      {with("set dvpn", "set an-overlong-name-of-a-set"), "is no name for a set"},
      {with("lan lan0", "lan"), "lan has no interface name"},
      {with("lan lan0", "lan lan0 -j ACCEPT"), "lan has no interface name: 'lan0 -j ACCEPT'"},
      {with("wan wan0", "wan"), "wan has no interface name"},
      {with("wan wan0\n", ""), "no wan interface"},
      {with("wan wan0", "wan lan0"), "lan0 is both lan and wan"},
      {with("sshd-port 22\n", ""), "no sshd-port"},
      {with("masquerade no", "masquerade maybe"), "masquerade is yes or no"},
      {with("daemon-account dvpnd", "daemon-account nobody-here"), "no such account: 'nobody-here'"},
      {with("peers-group dvpn-peers", "peers-group nobody-here"), "no such group: 'nobody-here'"},
      {with("network 10.0.31.0/24\nnetwork fd00:31::/64\n", ""), "no network"},
      {with("prefix 10.0.32.0/24", "prefix 10.0.32.0"), "not a prefix: 'prefix 10.0.32.0'"},
      {with("prefix 10.0.32.0/24", "prefix 10.0.300.0/24"), "not a prefix: 'prefix 10.0.300.0/24'"},
      {with("prefix 10.0.32.0/24", "prefix 0.0.0.0/0"), "not a prefix: 'prefix 0.0.0.0/0'"},
      {with("prefix fd00:32::/64", "prefix fd00:32::/129"), "not a prefix: 'prefix fd00:32::/129'"},
      {with("reject-smb no", "reject-smb no\nreject-nfs no"), "unknown key 'reject-nfs'"},
  };
  for (const auto& [dump, message] : inputs) {
    const Result result = site.rules("install", dump);
    EXPECT_EQ(result.exit, 2) << dump;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(site.everything(), before) << dump;
  }
  EXPECT_EQ(site.rules("instal").exit, 2);
  EXPECT_EQ(site.rules("").exit, 2);
  EXPECT_EQ(site.rules("--colour install").exit, 2);
}

TEST_P(RulesInstall, AFailureOfTheKernelIsReportedWithItsMessage) {
  ASSERT_EQ(site.gateway().run("ipset create dvpn4 hash:ip").exit, 0);
  const Result result = site.rules("install");
  EXPECT_EQ(result.exit, 3);
  EXPECT_THAT(result.err, HasSubstr("set dvpn4 exists and is not ours"));
  // Something that our prefixes pass as text and the kernel does not take.
  const Result odd = site.rules("install", Dump{.prefixes = {":::::/64"}}.text());
  EXPECT_EQ(odd.exit, 3);
  EXPECT_THAT(odd.err, HasSubstr("set dvpn"));
}

TEST_P(RulesInstall, CheckWarnsWhenNothingIsForwarded) {
  site.install();
  EXPECT_EQ(site.rules("check").err, "");
  ASSERT_EQ(site.gateway().run("sysctl -q -w net.ipv4.ip_forward=0").exit, 0);
  const Result check = site.rules("check");
  EXPECT_EQ(check.exit, 0);
  EXPECT_THAT(check.err, HasSubstr("net.ipv4.ip_forward is 0"));
}

INSTANTIATE_TEST_SUITE_P(Variants, RulesInstall, testing::Values(std::string("nft"), std::string("legacy")), [](const auto& each) { return each.param; });

}  // namespace
}  // namespace dvpn::lab
