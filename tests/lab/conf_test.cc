// SPDX-License-Identifier: GPL-2.0-or-later
//
// Each example, unit, script and manual page of the source goes through the checker of the program that will read it.

#include <gmock/gmock.h>

#include "fixture.h"

namespace dvpn::lab {
namespace {

/// systemd-analyze on a machine where the programs stand in /usr/sbin (as copies of true), whatever is installed here.
Result systemd_analyze(const std::string& arguments) {
  return run_here("cd " + source_folder() + "/conf/systemd && unshare -m bash -s <<'END'\n"
                  "mount -t tmpfs none /mnt && mkdir /mnt/sbin && cp -a /usr/sbin/. /mnt/sbin/\n"
                  "for p in dvpnd dvpn-relay dvpn-rules; do cp /bin/true /mnt/sbin/$p; done\n"
                  "mount --bind /mnt/sbin /usr/sbin && systemd-analyze " + arguments + "\nEND");
}

TEST(Systemd, UnitsAreClean) {
  const Result result = systemd_analyze("verify --man=no ./dvpnd.service ./dvpn-relay.service ./dvpn-rules.service ./dvpn-rules-keep.service 2>&1 | grep dvpn");
  EXPECT_EQ(result.out, "");
}

TEST(Systemd, VerifyWouldSeeAMistake) {
  const Result result = systemd_analyze("verify --man=no ./dvpnd.service; sed s/ProtectHome=yes/ProtectHome=maybe/ dvpnd.service "
                                        ">/mnt/dvpnd.service; systemd-analyze verify --man=no /mnt/dvpnd.service 2>&1");
  EXPECT_THAT(result.out, testing::HasSubstr("Failed to parse protect home value"));
}

TEST(Systemd, DaemonsAreSandboxed) {
  // 10 is no protection at all, 0 is all there is; the limit is what they reach today, in tenths.
  for (const char* unit : {"dvpnd", "dvpn-relay"}) {
    const Result result = systemd_analyze("security --offline=true --no-pager --threshold=30 ./" + std::string(unit) + ".service | tail -n1");
    EXPECT_THAT(result.out, testing::HasSubstr("OK")) << unit;
  }
}

TEST(Dnsmasq, ServesTheTablesNamesToTheLanAndFollowsItsChanges) {
  Lab lab(two_sites());
  lab.step("install");
  const Site a = lab.site("a");
  const std::string folder = a.path("names");
  ASSERT_EQ(run_here("mkdir " + folder + " && chown dvpnd " + folder + " 2>/dev/null || chmod 777 " + folder).exit, 0);
  a.write("etc/dvpnd.yaml", a.read("etc/dvpnd.yaml") + "names: " + folder + "/hosts\n");
  for (const char* step : {"rules", "daemon"}) lab.step(step, {"a"});
  a.write("dnsmasq.conf", run_here("sed 's,/run/dvpn/names," + folder + ",' " + source_folder() + "/conf/dnsmasq.d/dvpn.conf").out);
  EXPECT_EQ(run_here("dnsmasq --test -C " + a.path("dnsmasq.conf")).exit, 0);
  const Process dnsmasq = a.gateway().start("exec dnsmasq -k --no-resolv --no-hosts --pid-file= -C " + a.path("dnsmasq.conf"));
  ASSERT_TRUE(wait_until([&] { return !a.gateway().run("ss -Hlun 'sport = :53'").out.empty(); }, 10s, "dnsmasq"));
  const auto dig = [&](const std::string& what) { return lab.host("a.h1").run("dig +short +tries=1 @10.0.31.1 " + what).out; };
  EXPECT_TRUE(wait_until([&] { return dig("h2.b A") == "10.0.32.3\n"; }, 5s, "the names"));
  EXPECT_EQ(dig("gw.b AAAA"), "fd00:32::1\n");
  // By hand and with the program: neither needs a restart or a signal.
  a.write("etc/hosts", a.read("etc/hosts") + "10.0.32.77 printer.b\n");
  EXPECT_TRUE(wait_until([&] { return dig("printer.b A") == "10.0.32.77\n"; }, 5s, "the new name"));
  EXPECT_EQ(dig("h2.b A"), "10.0.32.3\n");
  a.write("etc/hosts", a.read("etc/hosts").replace(a.read("etc/hosts").find("printer.b"), 9, "scanner.b"));
  EXPECT_TRUE(wait_until([&] { return dig("scanner.b A") == "10.0.32.77\n" && dig("printer.b A").empty(); }, 5s, "the other name"));
}

TEST(Manual, PagesAreClean) {
  const Result result = run_here("cd " + source_folder() + "/man && mandoc -T lint -W warning *.[0-9]");
  EXPECT_EQ(result.exit, 0) << result.out << result.err;
}

TEST(Manual, ScriptsPagesNameEveryOption) {
  for (const std::string script : {"rules/dvpn-rules", "chroot/dvpn-chroot"}) {
    const std::string page = "man/" + script.substr(script.find('/') + 1) + ".8";
    const Result missing = run_here("cd " + source_folder() + " && for o in $(" + script + " --help | grep -oE -e '--[a-z-]+' | sort -u); do "
                                    "[[ $o == --help || $o == --dump ]] || grep -q -e \"Fl -${o#--}\" " + page + " || echo $o; done");
    EXPECT_EQ(missing.out, "") << page;
  }
}

TEST(Scripts, AreCleanInShellcheck) {
  const Result result = run_here("cd " + source_folder() + " && shellcheck -x "
                                 "$(grep -rlE '^#!/bin/(ba)?sh' rules chroot tests) rules/parts/*.sh tests/lab/lib/*.sh");
  EXPECT_EQ(result.exit, 0) << result.out;
}

TEST(Installed, TheRulesFindTheirParts) {
  const Result result = run_here("t=$(mktemp -d) && cmake --install " DVPN_LAB_BUILD " --prefix $t >/dev/null && cd / && $t/sbin/dvpn-rules --help; "
                                 "echo $?; rm -r $t/share/dvpn && $t/sbin/dvpn-rules --help >/dev/null; echo $?; rm -r $t");
  EXPECT_THAT(result.out, testing::HasSubstr("a command of the kernel's tools failed\n0\n3\n")) << result.err;
}

}  // namespace
}  // namespace dvpn::lab
