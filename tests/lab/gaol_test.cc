// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a peer that has a key gets from a real sshd: the relay's socket, and nothing else; also where the administrator has
// hardened sshd. A program that says "relay" stands in for the relay of site b; the peer is site a's gateway.

#include <gmock/gmock.h>

#include "fixture.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

constexpr const char* kHardened =
    "DisableForwarding yes\nAllowUsers admin\nAllowGroups admins\nAllowTcpForwarding no\nAllowStreamLocalForwarding no\nMaxSessions 1\n"
    "AuthenticationMethods publickey,password\nPermitOpen none\nForceCommand internal-sftp\n"
    "UnusedConnectionTimeout 1s\nAuthorizedKeysFile none\n";

class Gaol : public testing::TestWithParam<std::string> {
 protected:
  Gaol() {
    lab.step("install");
    if (GetParam() == "hardened") {
      const Site b = lab.site("b");
      b.write("sshd/sshd_config", b.read("sshd/sshd_config") + kHardened);
    }
    lab.step("sshd", {"b"});
  }
  Process listen(const std::string& name) const {
    const std::string path = lab.site("b").path("gaol/run/" + name);
    Process relay = lab.host("b.gw").start("exec socat UNIX-LISTEN:" + path + ",fork,mode=660,group=dvpn-peers SYSTEM:'echo relay'");
    wait_until([&] { return run_here("test -S " + path).exit == 0; }, 5s, "the relay's socket");
    return relay;
  }
  /// ssh as site a's gateway would log in. `options` stand before the destination, `command` after it.
  std::string ssh(const std::string& options, const std::string& command = "") const {
    const Site a = lab.site("a");
    return "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=" + a.path("etc/known_hosts") +
           " -o IdentitiesOnly=yes -i " + a.path("etc/id_ed25519") + " " + options + " dvpn@203.0.113.2 " + command;
  }
  Result try_ssh(const std::string& options, const std::string& command = "") const {
    return lab.host("a.gw").run(ssh(options, command), 10s);
  }
  /// Forwards a socket of ours to `target` there and says what comes through it; and keeps what ssh said.
  std::string through(const std::string& target, std::string* said = nullptr) const {
    const std::string own = lab.site("a").path("run/forward.sock");
    run_here("rm -f " + own);
    const Process tunnel = lab.host("a.gw").start(ssh("-N -L " + own + ":" + target));
    wait_until([&] { return run_here("test -S " + own).exit == 0; }, 10s, "ssh: " + tunnel.err());
    const Result got = lab.host("a.gw").run("socat -T 5 -u UNIX-CONNECT:" + own + " -");
    if (said != nullptr) {
      tunnel.wait_for_output("open failed", 5s);
      *said = tunnel.err();
    }
    return got.out;
  }

  Lab lab{two_sites()};
};

TEST_P(Gaol, ThePeerReachesTheRelaysSocket) {
  const Process relay = listen("relay.sock");
  EXPECT_EQ(through("/run/relay.sock"), "relay\n");
}

TEST_P(Gaol, ASessionWithoutAChannelStays) {
  const Process relay = listen("relay.sock");
  const std::string own = lab.site("a").path("run/forward.sock");
  Process tunnel = lab.host("a.gw").start(ssh("-N -L " + own + ":/run/relay.sock"));
  ASSERT_TRUE(wait_until([&] { return run_here("test -S " + own).exit == 0; }, 10s, "ssh"));
  // Longer than the hardened sshd leaves others a connection without channels.
  lab.host("a.gw").run("sleep 3");
  EXPECT_EQ(lab.host("a.gw").run("socat -T 5 -u UNIX-CONNECT:" + own + " -").out, "relay\n");
}

TEST_P(Gaol, NoShellNoCommandNoSftpNoTerminal) {
  for (const auto& [options, command] : {std::pair{"", "id"}, {"-tt", ""}, {"-A", "id"}, {"-X", "id"}, {"-s", "sftp"}, {"", "-- /bin/sh -c id"}}) {
    const Result result = try_ssh(options, command);
    EXPECT_NE(result.exit, 0) << options << command;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("open failed")) << options << command;
  }
  EXPECT_THAT(lab.site("b").log("sshd"), HasSubstr("Accepted publickey for dvpn"));
}

TEST_P(Gaol, NoTcpDestination) {
  const Process web = lab.host("b.h1").serve_page(80, "web"), local = lab.host("b.gw").serve_page(80, "local");
  for (const char* target : {"10.0.32.2:80", "127.0.0.1:80", "127.0.0.1:22", "[fd00:32::2]:80", "localhost:80"}) {
    const Result result = lab.host("a.gw").run("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 5 " + ssh("-W " + std::string(target)));
    EXPECT_NE(result.exit, 0) << target;
    EXPECT_EQ(result.out, "") << target;
    EXPECT_THAT(result.err, HasSubstr("administratively prohibited")) << target;
  }
  // The one name that PermitOpen lets pass is no name of a host.
  EXPECT_THAT(try_ssh("-W /run/relay.sock:80").err, HasSubstr("Name or service not known"));
}

TEST_P(Gaol, NoOtherSocket) {
  const Process relay = listen("relay.sock"), other = listen("other.sock");
  for (const char* target : {"/run/other.sock", "/run/../run/other.sock", "/run/relay.sock.", "/etc/passwd"}) {
    std::string said;
    EXPECT_EQ(through(target, &said), "") << target;
    EXPECT_THAT(said, HasSubstr("open failed")) << target;
    EXPECT_THAT(lab.site("b").log("sshd"), HasSubstr("to connect to path " + std::string(target) + ", but the request was denied")) << target;
  }
  EXPECT_EQ(through("/run/relay.sock"), "relay\n");
}

TEST_P(Gaol, NothingListensForAPeer) {
  for (const char* forward : {"-R 127.0.0.1:7000:127.0.0.1:22", "-R 0:127.0.0.1:22", "-R /run/peer.sock:127.0.0.1:22", "-R /tmp/peer.sock:/tmp/x"}) {
    const Result result = try_ssh("-N -o ExitOnForwardFailure=yes " + std::string(forward));
    EXPECT_EQ(result.exit, 255) << forward;
    EXPECT_THAT(result.err, HasSubstr("remote port forwarding failed")) << forward;
  }
  EXPECT_EQ(run_here("ls " + lab.site("b").path("gaol/run")).out, "");
  EXPECT_FALSE(lab.host("b.gw").listens(7000));
}

TEST_P(Gaol, OnlyAListedKeyOpens) {
  const Result password = try_ssh("-o PreferredAuthentications=password,keyboard-interactive,hostbased,gssapi-with-mic", "id");
  EXPECT_EQ(password.exit, 255);
  EXPECT_THAT(password.err, HasSubstr("Permission denied (publickey)"));
  // Its own key is not among those that b lists once the line is gone: access ends with the next login.
  lab.site("b").write("etc/authorized_keys.d/dvpn", "");
  const Result key = try_ssh("-N");
  EXPECT_EQ(key.exit, 255);
  EXPECT_THAT(key.err, HasSubstr("Permission denied (publickey)"));
}

TEST_P(Gaol, CheckAgrees) {
  const Site b = lab.site("b");
  const Result check = b.gateway().run(source_folder() + "/chroot/dvpn-chroot --gaol " + b.path("gaol") + " --keys " +
                                       b.path("etc/authorized_keys.d") + " --sshd-config " + b.path("sshd/sshd_config") + " --dropin " +
                                       b.path("sshd/sshd_config.d/00-dvpn.conf") + " check");
  EXPECT_EQ(check.exit, 0) << check.out;
}

INSTANTIATE_TEST_SUITE_P(Sshd, Gaol, testing::Values("plain", "hardened"), [](const auto& each) { return each.param; });

}  // namespace
}  // namespace dvpn::lab
