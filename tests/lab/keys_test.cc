// SPDX-License-Identifier: GPL-2.0-or-later
//
// Keys are changed, certified and revoked between two sites that were joined as README says: nobody is turned away while a host key or
// a gateway's own key is changed; a certificate is shown, and its end is warned of; and who is taken out is out at once. Each test leaves
// the sites joined.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "joined_sites.h"
#include "json_page.h"

namespace dvpn::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Shared<Lab> lab([] {
  lab.make(two_sites());
  // (an account of a site's own, as dvpn peer add --account would make on a machine of its own: lab.peer)
  const std::string etc = "/etc/netns/dvpnlab-" + lab->id() + "-b.gw/";
  run_here("echo 'friday:x:64305:64302::/nonexistent:/usr/sbin/nologin' >>" + etc + "passwd; echo 'friday:*:19000::::::' >>" + etc + "shadow");
  join(*lab);
});
Shared<Process> web([] { web.make(lab->host("b.h1").serve_page(80, "of b")); });

Site a() { return lab->site("a"); }
Site b() { return lab->site("b"); }
Result operate(const std::string& site, const std::string& words) { return lab::operate(*lab, site, words); }
void must(const Result& result) { EXPECT_EQ(result.exit, 0) << result.out << result.err; }

std::string fetch() { return lab->host("a.h1").run("curl -s -m 10 http://10.0.32.2/").out; }

/// Every session of a at b ends, so that the next flow brings a new one. (a forgets what it knew of b by a reload.)
void new_sessions() {
  must(operate("b", "peer end-sessions dvpn"));
  must(dvpn(a(), "reload"));
}

/// What b's sshd has said since `before`.
std::string said_since(std::size_t before) { return b().log("sshd").substr(before); }

void make_key(const Site& site, const std::string& path) {
  must(run_here("rm -f " + site.path(path) + "* && ssh-keygen -q -t ed25519 -N '' -f " + site.path(path)));
}

void restart_sshd() {
  end(b(), "sshd", SIGTERM);  // its sessions stay
  start(*lab, "b", "sshd");
}

TEST(Keys, AHostKeyIsChangedAndNobodyIsTurnedAway) {
  EXPECT_EQ(fetch(), "of b\n");
  const std::string config = b().read("sshd/sshd_config"), pins = a().read("etc/known_hosts");
  make_key(b(), "sshd/host_new");
  b().write("sshd/sshd_config", config + "HostKey " + b().path("sshd/host_new") + "\n");
  restart_sshd();
  EXPECT_THAT(exchange(*lab, "b", "a").err, HasSubstr("is known there by other host keys")) << "not without being told to";
  must(exchange(*lab, "b", "a", "--replace-host-key"));
  const std::string fresh = run_here("cut -d' ' -f1,2 " + b().path("sshd/host_new.pub")).out;
  EXPECT_THAT(a().read("etc/known_hosts"), AllOf(HasSubstr(fresh), HasSubstr(pins.substr(pins.find("203.0.113.2"))))) << "both are accepted";
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n");

  std::string switched = b().read("sshd/sshd_config");
  for (const char* old : {"ed25519", "ecdsa", "rsa"}) {
    const std::string line = "HostKey " + b().path("sshd/host_") + old + "\n";
    switched.erase(switched.find(line), line.size());
  }
  b().write("sshd/sshd_config", switched);
  restart_sshd();
  EXPECT_EQ(fetch(), "of b\n") << "on the session that was there";
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n") << "on one that showed the new key";
  must(exchange(*lab, "b", "a", "--replace-host-key"));
  EXPECT_THAT(a().read("etc/known_hosts"), AllOf(HasSubstr(fresh), Not(HasSubstr(pins.substr(pins.find("203.0.113.2")))))) << "the old one is out";
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n");
  EXPECT_THAT(a().log("dvpnd"), Not(HasSubstr("host key SHA256"))) << "none was refused at any time";

  b().write("sshd/sshd_config", config);
  restart_sshd();
  must(exchange(*lab, "b", "a", "--replace-host-key"));
}

TEST(Keys, AGatewaysOwnKeyIsChangedAndNobodyIsTurnedAway) {
  const std::string yaml = a().read("etc/dvpnd.yaml"), old = run_here("cut -d' ' -f2 " + a().path("etc/id_ed25519.pub")).out;
  const std::size_t log = a().log("dvpnd").size();
  make_key(a(), "etc/id_new");
  for (const char* change : {"chown", "chmod"}) must(run_here(std::string(change) + " --reference=" + a().path("etc/id_ed25519") + " " + a().path("etc/id_new")));
  const std::string fresh = run_here("cut -d' ' -f2 " + a().path("etc/id_new.pub")).out;
  const auto use_keys = [&](const std::string& keys) {
    std::string changed = yaml;
    const std::size_t at = changed.find("keys: ");
    ASSERT_NE(at, std::string::npos) << yaml;
    changed.replace(at, changed.find('\n', at) - at, "keys: [" + keys + "]");
    a().write("etc/dvpnd.yaml", changed);
    must(dvpn(a(), "reload"));
  };
  use_keys(a().path("etc/id_new") + ", " + a().path("etc/id_ed25519"));
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n") << "the new one is tried, the old one serves";
  must(exchange(*lab, "a", "b"));
  EXPECT_THAT(b().read("etc/authorized_keys.d/dvpn"), AllOf(HasSubstr(old.substr(0, old.size() - 1)), HasSubstr(fresh.substr(0, fresh.size() - 1))));
  use_keys(a().path("etc/id_new"));
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n");
  must(exchange(*lab, "a", "b"));
  EXPECT_THAT(b().read("etc/authorized_keys.d/dvpn"), AllOf(Not(HasSubstr(old.substr(0, old.size() - 1))), HasSubstr(fresh.substr(0, fresh.size() - 1))));
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n");
  EXPECT_THAT(a().log("dvpnd").substr(log), Not(HasSubstr("it accepts no key of ours"))) << "at any time";

  use_keys(a().path("etc/id_ed25519"));
  must(exchange(*lab, "a", "b", "--replace-key"));
}

TEST(Keys, ACertificateLetsInAndItsEndIsWarnedOf) {
  const std::string keys = b().read("etc/authorized_keys.d/dvpn"), key = a().path("etc/id_ed25519");
  make_key(b(), "authority");
  b().write("etc/authorized_keys.d/dvpn", "cert-authority,restrict,port-forwarding " + b().read("authority.pub"));
  const auto certify = [&](const std::string& times) {
    must(run_here("ssh-keygen -q -s " + b().path("authority") + " -I 'site a' -n dvpn -V " + times + " " + key + ".pub"));
    const std::size_t log = b().log("sshd").size();
    new_sessions();
    return log;
  };
  std::size_t log = certify("-1h:+52w");
  EXPECT_EQ(fetch(), "of b\n");
  EXPECT_THAT(said_since(log), AllOf(HasSubstr("Accepted publickey for dvpn"), HasSubstr("ED25519-CERT"), HasSubstr("ID site a")));
  EXPECT_EQ(dvpn(a(), "status").exit, 0);
  EXPECT_THAT(operate("a", "check --gateways none").out, testing::ContainsRegex("ok +key +[^ ]*-cert.pub: a certificate that ends in "));

  log = certify("-1h:+2m");
  EXPECT_EQ(fetch(), "of b\n");
  EXPECT_THAT(dvpn(a(), "status").out, testing::ContainsRegex("degraded: the certificate of [^ ]* .site a. ends at 2[^ ]*Z; put a new one in its place, then dvpn reload"));
  EXPECT_THAT(operate("a", "check --gateways none").out, testing::ContainsRegex("warning +key +[^ ]*-cert.pub ends in "));

  log = certify("-2h:-1h");
  EXPECT_EQ(fetch(), "");
  EXPECT_THAT(said_since(log), Not(HasSubstr("CERT"))) << "it was not even shown";
  EXPECT_THAT(dvpn(a(), "status").out, HasSubstr("has ended at "));
  const JsonPage page(source_folder() + "/man/dvpn-json.7");
  EXPECT_EQ(page.differences("status", nlohmann::json::parse(dvpn(a(), "status --json").out, nullptr, false)), std::vector<std::string>{});

  must(run_here("cp " + b().path("authority.pub") + " " + key + "-cert.pub"));
  EXPECT_THAT(dvpn(a(), "reload").err, HasSubstr("-cert.pub: it is no certificate of an ed25519, ECDSA or RSA key; make it anew, or move it away"));
  must(run_here("rm " + key + "-cert.pub"));
  b().write("etc/authorized_keys.d/dvpn", keys);
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n");
}

TEST(Keys, ACertifiedKeyIsRevokedAndOthersGoOn) {
  const std::string keys = b().read("etc/authorized_keys.d/dvpn"), key = a().path("etc/id_ed25519"), revoked = "etc/revoked_keys";
  make_key(b(), "authority");
  make_key(b(), "friday");
  b().write("etc/authorized_keys.d/dvpn", "cert-authority,restrict,port-forwarding " + b().read("authority.pub"));
  for (const std::string& each : {key, b().path("friday")})
    must(run_here("ssh-keygen -q -s " + b().path("authority") + " -I '" + each + "' -n dvpn -V -1h:+52w " + each + ".pub"));
  const auto friday_gets_in = [] {
    return lab->wan().run("timeout 10 ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -v -i " + b().path("friday") +
                          " dvpn@203.0.113.2 true").err.find("Authenticated to ") != std::string::npos;
  };
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n");
  ASSERT_TRUE(friday_gets_in());

  std::size_t log = b().log("sshd").size();
  b().write(revoked, "# site a, stolen\n" + run_here("cat " + key + ".pub").out);
  EXPECT_EQ(fetch(), "of b\n") << "on the session that was there";
  new_sessions();
  EXPECT_EQ(fetch(), "");
  EXPECT_THAT(said_since(log), AllOf(HasSubstr("revoked by file " + b().path(revoked)), Not(HasSubstr("Accepted publickey for dvpn from 203.0.113.1"))));
  EXPECT_TRUE(friday_gets_in());
  EXPECT_THAT(operate("b", "check --gateways none").out, HasSubstr("sshd confines dvpn to the relay's socket"));

  must(run_here("ssh-keygen -q -k -f " + b().path(revoked) + " " + b().path("friday-cert.pub")));  // as a list of OpenSSH's own
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n");
  EXPECT_FALSE(friday_gets_in());

  must(run_here("rm " + b().path(revoked) + " " + key + "-cert.pub"));
  EXPECT_EQ(operate("b", "check --gateways none").exit, 1);
  log = b().log("sshd").size();
  b().write("etc/authorized_keys.d/dvpn", keys);
  new_sessions();
  EXPECT_EQ(fetch(), "") << "without the file sshd lets nobody in";
  b().write(revoked, "");
  new_sessions();
  EXPECT_EQ(fetch(), "of b\n");
}

/// A connection of a's to b that says hello now and then waits.
struct LiveFlow {
  LiveFlow() { open_flow(a(), "10.0.32.2:3000", 1); }
  Process server = lab->host("b.h1").serve(3000, "hear:hello say:world hold");
  Process client = lab->host("a.h1").start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 3000 say:hello hear:world read");
};

TEST(Revoked, ASiteThatIsTakenOutIsOutAtOnce) {
  LiveFlow flow;
  const std::string table = b().read("etc/hosts");
  const Result removed = operate("b", "peer remove --yes site-a");
  EXPECT_EQ(removed.exit, 0) << removed.err;
  EXPECT_THAT(removed.out, testing::ContainsRegex("[1-9] sessions? of its ended\n$"));
  EXPECT_THAT(flow.client.wait(5s).out, HasSubstr("reset"));
  const auto refused = [] {
    EXPECT_EQ(fetch(), "");
    return dvpn(a(), "gateways").out.find("it accepts no key of ours") != std::string::npos;
  };
  EXPECT_TRUE(wait_until(refused, 10s, "the refusal of a new session"));
  must(exchange(*lab, "a", "b"));
  must(dvpn(a(), "reload"));
  EXPECT_EQ(fetch(), "of b\n");
  EXPECT_EQ(b().read("etc/hosts"), table);
}

TEST(Revoked, AnAccountThatOthersUseTooKeepsTheirSessionsAndSaysWhich) {
  const Host thief = lab->wan();  // who has a's key, and another address
  const std::string keys = b().read("etc/authorized_keys.d/dvpn");
  make_key(b(), "other");
  b().write("etc/authorized_keys.d/dvpn", keys + "restrict,port-forwarding " + b().read("other.pub"));
  must(run_here("install -m 600 " + a().path("etc/id_ed25519") + " " + b().path("stolen")));
  Process session = thief.start("exec ssh -N -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ExitOnForwardFailure=yes -L 127.0.0.1:7:/run/relay.sock -i " +
                                b().path("stolen") + " dvpn@203.0.113.2");
  ASSERT_TRUE(wait_until([&] { return thief.listens(7); }, 10s, "the thief's session")) << session.err();
  LiveFlow flow;
  const Result removed = operate("b", "peer remove --yes --json site-a");
  const auto answer = nlohmann::json::parse(removed.out, nullptr, false);
  const JsonPage page(source_folder() + "/man/dvpn-json.7");
  EXPECT_EQ(page.differences("peer remove", answer), std::vector<std::string>{});
  EXPECT_GE(answer["sessions"]["ended"], 1);
  ASSERT_EQ(answer["sessions"]["left"].size(), 1u) << answer;
  EXPECT_EQ(answer["sessions"]["left"][0]["account"], "dvpn");
  EXPECT_NE(answer["sessions"]["left"][0]["from"], "203.0.113.1");
  EXPECT_THAT(flow.client.wait(5s).out, HasSubstr("reset"));
  EXPECT_TRUE(session.running());
  const Result ended = operate("b", "peer end-sessions dvpn --json");
  EXPECT_EQ(page.differences("peer end-sessions", nlohmann::json::parse(ended.out, nullptr, false)), std::vector<std::string>{});
  EXPECT_NE(session.wait(5s).exit, 0);
  EXPECT_THAT(operate("b", "peer end-sessions nobody").err, HasSubstr("'nobody' is no login account of peers"));
  b().write("etc/authorized_keys.d/dvpn", "");
  must(exchange(*lab, "a", "b"));
  must(dvpn(a(), "reload"));
  EXPECT_EQ(fetch(), "of b\n");
}

TEST(Revoked, ASiteWithAnAccountOfItsOwnIsOutAtOnceAndTheAccountStaysEmpty) {
  const std::string table = a().read("etc/hosts"), keys = b().read("etc/authorized_keys.d/dvpn");
  must(exchange(*lab, "a", "b", "--account friday"));
  EXPECT_EQ(b().read("etc/authorized_keys.d/dvpn"), "") << "the key has moved";
  std::string as_friday = table;
  as_friday.replace(as_friday.find("203.0.113.2"), 0, "friday@");
  a().write("etc/hosts", as_friday);
  make_key(b(), "other");
  b().write("etc/authorized_keys.d/dvpn", "restrict,port-forwarding " + b().read("other.pub"));
  new_sessions();
  const Host other = lab->wan();
  const Process session = other.start("exec ssh -N -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ExitOnForwardFailure=yes -L 127.0.0.1:7:/run/relay.sock -i " +
                                      b().path("other") + " dvpn@203.0.113.2");
  ASSERT_TRUE(wait_until([&] { return other.listens(7); }, 10s, "another site's session")) << session.err();
  const std::size_t log = b().log("sshd").size();
  EXPECT_TRUE(wait_until([] { return fetch() == "of b\n"; }, 10s, "a flow as friday")) << a().log("dvpnd");
  {
    LiveFlow flow;
    EXPECT_THAT(said_since(log), AllOf(HasSubstr("Accepted publickey for friday from 203.0.113.1"), Not(HasSubstr("Accepted publickey for dvpn from 203.0.113.1"))));
    const auto removed = nlohmann::json::parse(operate("b", "peer remove --yes --json site-a").out, nullptr, false);
    EXPECT_GE(removed["sessions"]["ended"], 1) << removed;
    EXPECT_EQ(removed["sessions"]["left"], nlohmann::json::array());
    EXPECT_THAT(flow.client.wait(5s).out, HasSubstr("reset"));
  }
  const auto refused = [] {
    EXPECT_EQ(fetch(), "");
    return dvpn(a(), "gateways").out.find("it accepts no key of ours for account 'friday'") != std::string::npos;
  };
  EXPECT_TRUE(wait_until(refused, 10s, "the refusal of a new session"));
  EXPECT_TRUE(session.running());
  EXPECT_EQ(b().read("etc/authorized_keys.d/friday"), "");
  EXPECT_THAT(operate("b", "check --gateways none").out, HasSubstr("sshd confines friday to the relay's socket")) << "held, for the next one";

  b().write("etc/authorized_keys.d/dvpn", "");
  a().write("etc/hosts", table);
  must(exchange(*lab, "a", "b"));
  must(dvpn(a(), "reload"));
  EXPECT_EQ(fetch(), "of b\n");
  EXPECT_EQ(b().read("etc/authorized_keys.d/dvpn"), keys);
}

}  // namespace
}  // namespace dvpn::lab
