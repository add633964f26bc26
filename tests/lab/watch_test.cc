// SPDX-License-Identifier: GPL-2.0-or-later
//
// Watching a daemon that carries flows: `dvpn flows`, `top`, `log`, `status`, and that everything a program can read is as
// dvpn-json(7) says. One lab serves all tests; a has a flow that stands still and one that moves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "json_page.h"
#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  for (const char* line : {"recent: 50"}) configure(lab->site("a"), "log", line);
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

Site a() { return lab->site("a"); }

json answer_to(const std::string& arguments) {
  const Result result = dvpn(a(), arguments + " --json");
  EXPECT_EQ(result.exit, 0) << arguments << ": " << result.out << result.err;
  json answer = json::parse(result.out, nullptr, false);
  EXPECT_TRUE(answer.is_object()) << result.out;
  return answer;
}

/// One that stands still to b.h1, one from a.h2 that downloads as fast as it is let, and one of datagrams.
class Flows : public testing::Test {
 protected:
  Flows() {
    wait_until([] { return answer_to("flows --state open")["total"] == 3; }, 10s, "three flows");
  }

  Process still_server_ = lab->host("b.h1").serve(3000, "hear:hello say:world hold");
  Process fast_server_ = lab->host("b.h1").start("exec socat -u OPEN:/dev/zero TCP6-LISTEN:3001,ipv6only=0,reuseaddr,fork");
  bool listens_ = wait_until([] { return lab->host("b.h1").listens(3001); }, 10s, "the server");
  Process still_ = lab->host("a.h1").start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 3000 say:hello hear:world hold");
  Process fast_ = lab->host("a.h2").start("exec socat -u TCP:10.0.32.2:3001 - | python3 -c \"import sys, time\nwhile sys.stdin.buffer.read(1 << 20): time.sleep(0.05)\"");
  Process datagrams_server_ = lab->host("b.h1").start("exec socat UDP6-LISTEN:3002,ipv6only=0,fork PIPE");
  Process datagrams_ = lab->host("a.h1").start("{ while echo x; do sleep 0.2; done; } | exec socat - UDP:10.0.32.2:3002,sourceport=4002");
};

TEST_F(Flows, AreNarrowedDown) {
  const auto total = [](const std::string& options) { return answer_to("flows " + options)["total"].get<int>(); };
  EXPECT_EQ(total(""), 3);
  EXPECT_EQ(total("--from 10.0.31.2"), 2);
  EXPECT_EQ(total("--from 10.0.31.3"), 1);
  EXPECT_EQ(total("--to 10.0.32.0/24"), 3);
  EXPECT_EQ(total("--to fd00:32::/64"), 0);
  EXPECT_EQ(total("--port 3000"), 1);
  EXPECT_EQ(total("--protocol udp"), 1);
  EXPECT_EQ(total("--gateway gw.b --protocol tcp"), 2);
  EXPECT_EQ(total("--gateway 203.0.113.2"), 3);
  EXPECT_EQ(total("--gateway gw.a"), 0);
  EXPECT_EQ(total("--state closing"), 0);
  const json one = answer_to("flows --limit 1");
  EXPECT_EQ(one["flows"].size(), 1u);
  EXPECT_EQ(one["left_out"], 2);
}

TEST_F(Flows, AreSortedByTheRateThatTheDaemonMeasured) {
  json fastest;
  EXPECT_TRUE(wait_until(
      [&] {
        fastest = answer_to("flows --sort rate --limit 1")["flows"][0];
        return fastest["rate_down"].get<double>() > 1e6;
      },
      10s, "a flow of more than a megabyte a second"));
  EXPECT_EQ(fastest["destination"], "10.0.32.2:3001");
  const json status = answer_to("status");
  EXPECT_GT(status["rate"]["down"].get<double>(), 1e6);
  EXPECT_GT(status["gateways"][0]["rate"]["down"].get<double>(), 1e6);
  EXPECT_EQ(status["gateways"][0]["site"], "gw.b");
  EXPECT_GT(status["open_ms"]["p50"].get<double>(), 0);
  EXPECT_GT(status["memory"]["resident"].get<double>(), 1e6);
  EXPECT_EQ(status["rules"]["state"], "in-place");
  EXPECT_THAT(dvpn(a(), "flows --port 3001").out, HasSubstr("MiB/s\n"));
  EXPECT_TRUE(wait_until(
      [] {
        const json still = answer_to("flows --port 3000")["flows"][0];
        return still["rate_up"] == 0 && still["rate_down"] == 0;
      },
      10s, "the one that stands still to be seen to"));
}

TEST_F(Flows, TopShowsThemOnTheWholeScreenAndGivesTheTerminalBack) {
  const auto top = [](const std::string& steps) {
    return lab->host("a.gw").run(source_folder() + "/tests/lab/lib/terminal " + steps + " -- " + DVPN_LAB_DVPN + " top --interval 0.3 -c " +
                                 a().path("etc/dvpnd.yaml"));
  };
  const std::string restored = "alternate screen left\ncursor shown\nmodes restored\n";
  EXPECT_THAT(top("see:10.0.32.2:3001 key:q").out, HasSubstr("exit 0\n" + restored));
  EXPECT_THAT(top("see:'sorted by rate' key:s see:'sorted by bytes' see:10.0.32.2:3000 size:3x30 see:dvpnd key:q").out, HasSubstr("exit 0\n" + restored));
  EXPECT_THAT(top("see:10.0.32.2 signal:TERM").out, HasSubstr("signal SIGTERM\n" + restored));
  EXPECT_THAT(top("see:10.0.32.2 key:$'\\x03'").out, HasSubstr("signal SIGINT\n" + restored));
  EXPECT_THAT(top("see:10.0.32.2 signal:HUP").out, HasSubstr("signal SIGHUP\n" + restored));
  EXPECT_THAT(top("see:10.0.32.2 key:$'\\x1a' see:1049l signal:CONT see:1049h see:10.0.32.2 key:q").out, HasSubstr("exit 0\n" + restored)) << "^Z and back";
}

TEST_F(Flows, AreWatchedAgainAndAgain) {
  const Result two = a().gateway().run("timeout 3 " DVPN_LAB_DVPN " flows --watch=0.2 --json --port 3000 -c " + a().path("etc/dvpnd.yaml") + " | head -n 2");
  EXPECT_EQ(count(two.out, "10.0.32.2:3000"), 2u) << two.out << two.err;
}

TEST_F(Flows, WhatProgramsReadIsAsTheManualSays) {
  const JsonPage page(source_folder() + "/man/dvpn-json.7");
  for (const auto& [section, arguments] : std::vector<std::pair<std::string, std::string>>{
           {"status", "status"}, {"gateways", "gateways"}, {"flows", "flows"}, {"redirects", "flows --kernel"}, {"log", "log"}, {"reload", "reload"}}) {
    wait_until([] { return !answer_to("status")["open_ms"].is_null(); }, 10s, "the first second");
    EXPECT_EQ(page.differences(section, answer_to(arguments)), std::vector<std::string>{}) << arguments;
  }
}

TEST(JsonPage, SeesWhatDiffers) {
  const JsonPage page(source_folder() + "/man/dvpn-json.7");
  const json reload = {{"v", 1}, {"ok", true}, {"table_routes", 1}, {"warnings", ""}};
  EXPECT_EQ(page.differences("reload", reload), std::vector<std::string>{});
  json more = reload, less = reload, other = reload;
  more["more"] = 1;
  less.erase("warnings");
  other["warnings"] = 7;
  for (const json& one : {more, less, other}) EXPECT_EQ(page.differences("reload", one).size(), 1u) << one;
  EXPECT_FALSE(page.differences("nowhere", reload).empty());
}

TEST(Log, IsReadAndFollowedWithoutAJournal) {
  const Host host = lab->host("a.h1");
  EXPECT_EQ(host.run("curl -s -m 5 http://10.0.32.2:81/").exit, 7);
  EXPECT_TRUE(wait_until([] { return dvpn(a(), "log").out.find("destination=10.0.32.2:81 ") != std::string::npos; }, 5s, "the line"));
  const Process follower = a().gateway().start("exec " DVPN_LAB_DVPN " log -f -n 0 -c " + a().path("etc/dvpnd.yaml"));
  wait_until(
      [&] {
        host.run("curl -s -m 5 http://10.0.32.2:82/");
        return follower.out().find("destination=10.0.32.2:82 ") != std::string::npos;
      },
      10s, "a line that came later");
  EXPECT_THAT(follower.out(), Not(HasSubstr("10.0.32.2:81 "))) << "that was before";
  EXPECT_LE(answer_to("log -n 1000")["lines"].size(), 50u) << "log.recent";
}

TEST(Status, SaysWhenSomebodyHasFlushedTheRules) {
  EXPECT_EQ(dvpn(a(), "status").exit, 0);
  for (const char* table : {"raw", "mangle", "nat", "filter"}) a().gateway().run(std::string("iptables -t ") + table + " -F; iptables -t " + table + " -X");
  EXPECT_TRUE(wait_until([] { return dvpn(a(), "status").exit == 1; }, 15s, "the daemon to see it"));
  EXPECT_THAT(dvpn(a(), "status").out, HasSubstr("degraded: the firewall's rules are not in place, so nothing is caught; dvpn-rules install\n"));
  lab->step("rules", {"a"});
  EXPECT_TRUE(wait_until([] { return dvpn(a(), "status").exit == 0; }, 15s, "the daemon to see that as well"));
}

TEST(Control, ReadersNeedNoRootAndChangeNothing) {
  const std::string socket = a().path("run/control.sock");
  const auto ask = [&](const std::string& call) {
    return a().gateway().run("chmod 666 " + socket + "; chmod o+x $(dirname " + socket + ") && setpriv --reuid 65534 --regid 65534 --clear-groups socat -t 10 - UNIX-CONNECT:" +
                             socket + R"( <<<'{"v":1,"call":")" + call + "\"}'").out;
  };
  for (const char* call : {"status", "flows", "gateways", "log", "redirects"}) EXPECT_THAT(ask(call), HasSubstr("\"ok\":true")) << call;
  EXPECT_THAT(ask("reload"), HasSubstr("a reload needs root"));
}

}  // namespace
}  // namespace dvpn::lab
