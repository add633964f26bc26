// SPDX-License-Identifier: GPL-2.0-or-later
//
// A gateway whose disk is full: it carries what comes, and a table that is edited there stays as it was. (A peer that is added: lab.peer.)

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->start();
});

/// A shell with a folder of 256 KiB at /mnt, of its own, in which all that is left is taken by `fill`.
std::string on_a_full_disk(const std::string& prepare, const std::string& command) {
  return "mount -t tmpfs -o size=256k none /mnt && cd /mnt && { " + prepare + "; } && { head -c 1M /dev/zero >fill 2>/dev/null; true; } && { " + command + "; }";
}

TEST(FullDisk, LeavesATableThatIsEditedAsItWas) {
  const Site a = lab->site("a");
  const Result edited = lab->host("a.gw").run(on_a_full_disk(
      "cp " + a.path("etc/hosts") + " hosts", std::string(DVPN_LAB_DVPN) + " map set 10.0.44.1 new 203.0.113.44 --table /mnt/hosts; echo exit $?; cmp hosts " + a.path("etc/hosts") + " && echo same; ls"));
  EXPECT_THAT(edited.out, HasSubstr("same\nfill\nhosts\n")) << edited.out << edited.err;
  EXPECT_THAT(edited.out, testing::Not(HasSubstr("exit 0")));
  EXPECT_THAT(edited.err, HasSubstr("No space left on device"));
}

TEST(FullDisk, OfTheLogStopsNothing) {
  const Site a = lab->site("a");
  const Process server = lab->host("b.h1").serve(2000, "say:hello close");
  end(a, "dvpnd", SIGTERM);
  const Process daemon = lab->host("a.gw").start("mount -t tmpfs -o size=64k,mode=755 none /mnt && exec " DVPN_LAB_DVPND " -c " + a.path("etc/dvpnd.yaml") + " 2>/mnt/log >&2");
  const auto works = [] { return lab->host("a.h1").talk("10.0.32.2", 2000, "hear:hello read").out == "read 0 bytes e3b0c44298fc, end\ndone\n"; };
  ASSERT_TRUE(wait_until([&] { return daemon.running() && works(); }, 10s, "the daemon"));
  ASSERT_EQ(run_here("nsenter -t " + std::to_string(daemon.pid()) + " -m sh -c 'head -c 1M /dev/zero >/mnt/fill; df /mnt | grep -q 100%'").exit, 0);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(works());
  EXPECT_EQ(dvpn(a, "status").exit, 0) << dvpn(a, "status").out;
  EXPECT_THAT(dvpn(a, "log").out, HasSubstr("destination=10.0.32.2:2000"));  // (in memory)
  EXPECT_TRUE(daemon.running());
}

}  // namespace
}  // namespace dvpn::lab
