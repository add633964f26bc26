// SPDX-License-Identifier: GPL-2.0-or-later
//
// dvpn-chroot as a program: what it makes, refuses, finds wrong and takes away; on a machine of its own: a mount namespace
// with a copy of /etc and an empty /run and /var/lib (machine.h).

#include <gmock/gmock.h>

#include "fixture.h"
#include "machine.h"

namespace dvpn::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ChrootBuild : public testing::Test {
 protected:
  Result run(const std::string& command) { return machine_.run(command); }
  Result dvpn_chroot(const std::string& arguments) { return run(source_folder() + "/chroot/dvpn-chroot " + arguments); }
  void must(const std::string& command) { machine_.must(command); }
  void build() {
    const Result result = dvpn_chroot("build");
    ASSERT_EQ(result.exit, 0) << result.out << result.err;
  }
  std::string everything() { return machine_.everything(); }

 private:
  Machine machine_;
};

TEST_F(ChrootBuild, MakesAllThatCheckAsksFor) {
  EXPECT_EQ(dvpn_chroot("check").exit, 1);
  build();
  const Result check = dvpn_chroot("check");
  EXPECT_EQ(check.exit, 0) << check.out;
  EXPECT_THAT(check.out, AllOf(HasSubstr("ok: sshd confines dvpn to the relay's socket"), Not(HasSubstr("failed"))));
  EXPECT_EQ(run("cd /var/lib/dvpn/gaol && find . -printf '%p %u:%g %m\\n' | sort").out, ". root:root 755\n./run root:root 755\n");
  EXPECT_EQ(run("getent passwd dvpn | cut -d: -f6-; getent shadow dvpn | cut -d: -f2; id -Gn dvpn").out, "/nonexistent:/usr/sbin/nologin\n*\ndvpn-peers\n");
  EXPECT_EQ(run("stat -c '%U:%G %a %s' /etc/dvpn/authorized_keys.d/dvpn /etc/dvpn/revoked_keys").out, "root:root 644 0\nroot:root 644 0\n");
}

TEST_F(ChrootBuild, ASecondTimeChangesNothingAndSaysSo) {
  build();
  const std::string once = everything();
  EXPECT_EQ(dvpn_chroot("build").out, "everything was there, nothing changed\n");
  EXPECT_EQ(everything(), once);
}

TEST_F(ChrootBuild, FurtherAccountsJoinTheFirst) {
  build();
  EXPECT_EQ(dvpn_chroot("--user dvpn --user dvpn-friday build").exit, 0);
  const Result check = dvpn_chroot("--user dvpn --user dvpn-friday check");
  EXPECT_EQ(check.exit, 0) << check.out;
  // An account that a later build does not name is held all the same.
  EXPECT_EQ(dvpn_chroot("--user dvpn-friday build").exit, 0);
  EXPECT_EQ(dvpn_chroot("--user dvpn check").exit, 0);
}

TEST_F(ChrootBuild, RemovedItIsAsIfItHadNeverBeen) {
  const std::string before = everything();
  build();
  EXPECT_EQ(dvpn_chroot("remove").exit, 0);
  EXPECT_EQ(everything(), before);
}

TEST_F(ChrootBuild, RemoveKeepsKeysUnlessPurged) {
  const std::string before = everything();
  build();
  must("echo 'ssh-ed25519 AAAA friday' >/etc/dvpn/authorized_keys.d/dvpn");
  EXPECT_EQ(dvpn_chroot("remove").exit, 0);
  EXPECT_EQ(run("cat /etc/dvpn/authorized_keys.d/dvpn").out, "ssh-ed25519 AAAA friday\n");
  must("rm /etc/dvpn/authorized_keys.d/dvpn; rmdir /etc/dvpn/authorized_keys.d /etc/dvpn");
  build();
  must("echo 'ssh-ed25519 AAAA friday' >/etc/dvpn/authorized_keys.d/dvpn");
  EXPECT_EQ(dvpn_chroot("--purge remove").exit, 0);
  EXPECT_EQ(everything(), before);
}

TEST_F(ChrootBuild, WhatIsRevokedStaysAndIsNotWrittenOver) {
  build();
  must("ssh-keygen -q -t ed25519 -N '' -f /run/k && ssh-keygen -q -t ecdsa -N '' -f /run/l && { echo '# stolen'; cat /run/k.pub; } >/etc/dvpn/revoked_keys");
  EXPECT_EQ(dvpn_chroot("build").out, "everything was there, nothing changed\n");
  EXPECT_EQ(dvpn_chroot("check").exit, 0);
  must("ssh-keygen -q -k -f /etc/dvpn/revoked_keys /run/k.pub /run/l.pub");
  EXPECT_EQ(dvpn_chroot("check").exit, 0);
  EXPECT_EQ(dvpn_chroot("remove").exit, 0);
  EXPECT_EQ(run("test -s /etc/dvpn/revoked_keys").exit, 0);
  build();
  must("rm /etc/dvpn/revoked_keys");
  EXPECT_THAT(dvpn_chroot("check").out, HasSubstr("failed: /etc/dvpn/revoked_keys is missing, without which sshd refuses every peer: dvpn-chroot build\n"));
  build();
  EXPECT_EQ(dvpn_chroot("check").exit, 0);
}

TEST_F(ChrootBuild, RemoveTakesOnlyWhatBuildMade) {
  must("groupadd --system dvpn-peers; useradd --system -g dvpn-peers -M -d /nonexistent -s /usr/sbin/nologin -p '*' dvpn; install -d /etc/dvpn; rm -f /etc/*-");
  const std::string before = everything();
  build();
  EXPECT_EQ(dvpn_chroot("remove").exit, 0);
  EXPECT_EQ(everything(), before);
}

TEST_F(ChrootBuild, RefusesToBuildOnAnythingUnsafeAndChangesNothing) {
  build();
  struct Unsafe { const char* damage; const char* repair; const char* message; };
  const Unsafe unsafe[] = {
      {"touch /var/lib/dvpn/gaol/x", "rm /var/lib/dvpn/gaol/x", "gaol/x does not belong into the gaol"},
      {"touch /var/lib/dvpn/gaol/run/x", "rm /var/lib/dvpn/gaol/run/x", "gaol/run/x does not belong into the gaol"},
      {"mknod /var/lib/dvpn/gaol/null c 1 3", "rm /var/lib/dvpn/gaol/null", "gaol/null does not belong into the gaol"},
      {"chown dvpn /var/lib/dvpn/gaol", "chown root /var/lib/dvpn/gaol", "gaol is not owned by root: chown root"},
      {"chmod g+w /var/lib/dvpn/gaol/run", "chmod g-w /var/lib/dvpn/gaol/run", "gaol/run can be written by others than root: chmod go-w"},
      {"chmod 1777 /var/lib/dvpn", "chmod 755 /var/lib/dvpn", "/var/lib/dvpn can be written by others than root"},
      {"mv /var/lib/dvpn/gaol /var/lib/g; ln -s /var/lib/g /var/lib/dvpn/gaol", "rm /var/lib/dvpn/gaol; mv /var/lib/g /var/lib/dvpn/gaol", "gaol is a symbolic link"},
      {"usermod -s /bin/sh dvpn", "usermod -s /usr/sbin/nologin dvpn", "account dvpn has the shell '/bin/sh'"},
      {"usermod -p x dvpn", "usermod -p '*' dvpn", "account dvpn has a password"},
      {"usermod -p '!' dvpn", "usermod -p '*' dvpn", "account dvpn has a password, or a locked one"},
      {"usermod -aG adm dvpn", "usermod -G '' dvpn", "account dvpn is in other groups"},
      {"usermod -g adm dvpn", "usermod -g dvpn-peers dvpn", "account dvpn has the primary group adm"},
      {"usermod -p x dvpnd", "usermod -p '!' dvpnd", "account dvpnd has a password"},
      {"usermod -aG dvpn-peers dvpn-relay", "usermod -G '' dvpn-relay", "account dvpn-relay is in the group dvpn-peers"},
      {"chmod 666 /etc/dvpn/authorized_keys.d/dvpn", "chmod 644 /etc/dvpn/authorized_keys.d/dvpn", "authorized_keys.d/dvpn can be written by others"},
      {"chmod 600 /etc/dvpn/authorized_keys.d/dvpn", "chmod 644 /etc/dvpn/authorized_keys.d/dvpn", "authorized_keys.d/dvpn cannot be read by dvpn"},
      {"chown dvpn /etc/dvpn/authorized_keys.d", "chown root /etc/dvpn/authorized_keys.d", "authorized_keys.d is not owned by root"},
      {"chmod 666 /etc/dvpn/revoked_keys", "chmod 644 /etc/dvpn/revoked_keys", "revoked_keys can be written by others"},
      {"printf '# of friday\\n\\nssh-ed25519 AAAAfriday\\n' >/etc/dvpn/revoked_keys", ": >/etc/dvpn/revoked_keys", "revoked_keys has a line that is no public key, and sshd then refuses every peer"},
      {"printf 'SSHKRL\\n' >/etc/dvpn/revoked_keys", ": >/etc/dvpn/revoked_keys", "revoked_keys is a broken revocation list"},
      {"sed -i 1d /etc/ssh/sshd_config.d/00-dvpn.conf", "rm /etc/ssh/sshd_config.d/00-dvpn.conf", "00-dvpn.conf was not written by dvpn-chroot"},
  };
  for (const auto& [damage, repair, message] : unsafe) {
    must(damage);
    const std::string before = everything();
    const Result result = dvpn_chroot("build");
    EXPECT_EQ(result.exit, 2) << damage;
    EXPECT_THAT(result.err, AllOf(HasSubstr("refused, nothing was changed"), HasSubstr(message)));
    EXPECT_EQ(everything(), before) << damage;
    const Result check = dvpn_chroot("check");
    EXPECT_EQ(check.exit, 1) << damage;
    EXPECT_THAT(check.out, HasSubstr("failed: "));
    EXPECT_THAT(check.out, HasSubstr(message));
    must(repair);
    EXPECT_EQ(dvpn_chroot("build").exit, 0) << damage;
  }
}

TEST_F(ChrootBuild, ADropInThatSshdDoesNotAcceptIsTakenBack) {
  must("echo 'NoSuchDirective yes' >>/etc/ssh/sshd_config");
  const Result result = dvpn_chroot("build");
  EXPECT_EQ(result.exit, 3);
  EXPECT_THAT(result.err, HasSubstr("sshd does not accept the drop-in, it was taken back"));
  EXPECT_EQ(run("ls /etc/ssh/sshd_config.d").out, "");
}

TEST_F(ChrootBuild, CheckSeesWhatSshdMakesOfItsConfiguration) {
  build();
  struct Setting { const char* config; int exit; const char* finding; };
  const Setting settings[] = {
      // Hardened global settings are no trouble.
      {"Include /etc/ssh/sshd_config.d/*.conf\nDisableForwarding yes\nAllowUsers admin\nAllowGroups admins\nAllowTcpForwarding no\n"
       "AllowStreamLocalForwarding no\nMaxSessions 1\nAuthenticationMethods publickey,password\nForceCommand internal-sftp\n"
       "UnusedConnectionTimeout 5m\nPermitOpen none\nChrootDirectory /srv\nAuthorizedKeysFile none\n", 0, "ok: sshd confines dvpn"},
      {"DisableForwarding yes\n", 1, "includes nothing: put 'Include /etc/ssh/sshd_config.d/*.conf' on its first line"},
      {"Match User dvpn\nAllowTcpForwarding yes\nPermitOpen any\nMatch all\nInclude /etc/ssh/sshd_config.d/*.conf\n", 1,
       "PermitOpen is 'any', not '[/run/relay.sock]:*': a block before /etc/ssh/sshd_config.d/00-dvpn.conf sets it"},
      {"Include /etc/ssh/sshd_config.d/*.conf\nDenyUsers dv*\n", 1, "DenyUsers dv* keeps dvpn out"},
      {"Include /etc/ssh/sshd_config.d/*.conf\nDenyGroups dvpn-peers\n", 1, "DenyGroups dvpn-peers keeps dvpn-peers out"},
      {"Include /etc/ssh/sshd_config.d/*.conf\nChannelTimeout *=5m\n", 1, "the global ChannelTimeout *=5m would close idle connections of dvpn"},
      {"Include /etc/ssh/sshd_config.d/*.conf\nMatch Group *,!dvpn-peers\nChannelTimeout *=5m\n", 0, "ok: sshd confines dvpn"},
      {"Include /etc/ssh/sshd_config.d/*.conf\nNonsense\n", 1, "Nonsense"},
  };
  for (const auto& [config, exit, finding] : settings) {
    must("printf '%s' '" + std::string(config) + "' >/etc/ssh/sshd_config");
    const Result check = dvpn_chroot("check");
    EXPECT_EQ(check.exit, exit) << config << check.out;
    EXPECT_THAT(check.out, HasSubstr(finding));
  }
}

TEST_F(ChrootBuild, TheExampleIsWhatBuildWrites) {
  build();
  EXPECT_EQ(run("diff /etc/ssh/sshd_config.d/00-dvpn.conf " + source_folder() + "/conf/sshd_config.d/00-dvpn.conf").out, "");
}

TEST_F(ChrootBuild, WrongUsageIsRefused) {
  for (const char* arguments : {"", "biuld", "build check", "--gaol", "--gaol relative build", "--gaol /a/../b build",
                                "--user 'a b' build", "--keys '/a b' build", "--sshd /nowhere build"})
    EXPECT_EQ(dvpn_chroot(arguments).exit, 2) << arguments;
}

}  // namespace
}  // namespace dvpn::lab
