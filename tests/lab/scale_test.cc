// SPDX-License-Identifier: GPL-2.0-or-later
//
// Watching and editing at the size that they are made for: what an answer about many flows costs, that no flow waits for it, and how
// soon an edit of a table of 65,536 lines is in force. With DVPN_FLOWS=10000 in the environment it has as many flows as that (by hand: it
// takes a minute); it prints what it measured in any case.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using nlohmann::json;

int flows_wanted() {
  const char* const wanted = std::getenv("DVPN_FLOWS");
  return wanted == nullptr ? 1000 : std::atoi(wanted);
}

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  const Site a = lab->site("a"), b = lab->site("b");
  for (const char* line : {"flows_per_client: 20000", "held: 20000", "held_per_client: 20000", "new_per_client: 0", "open_timeout: 60s"}) configure(a, "limits", line);
  configure(a, "metrics", "listen: 127.0.0.1:9469");
  b.write("etc/relay.yaml", b.read("etc/relay.yaml") + "limits: {flows: 20000, flows_per_account: 20000}\n");
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

Site a() { return lab->site("a"); }

void say(const std::string& what) { std::printf("%s\n", what.c_str()); }

/// Processor time of a's daemon so far, in milliseconds.
double processor() {
  std::istringstream words(run_here("sed 's/.*) //' /proc/" + std::to_string(a().pid("dvpnd")) + "/stat").out);
  std::string word;
  for (int i = 0; i < 11; ++i) words >> word;
  double user = 0, system = 0;
  words >> user >> system;
  return (user + system) * 1000 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Pulse {
  double p50 = 0, p99 = 0, most = 0;
};
/// The figures that a pulse prints from now on, the worst of so many lines. (The first one may have begun before.)
Pulse next(const Process& pulse, int lines) {
  const auto seen = [&] { return count(pulse.out(), "max"); };
  const std::size_t before = seen();
  EXPECT_TRUE(wait_until([&] { return seen() > before + static_cast<std::size_t>(lines); }, 60s, "the pulse")) << pulse.err();
  std::istringstream all(pulse.out());
  Pulse worst;
  std::size_t number = 0;
  for (std::string line; std::getline(all, line);) {
    Pulse one;
    if (++number <= before + 1 || std::sscanf(line.c_str(), "p50 %lf, p99 %lf, max %lf", &one.p50, &one.p99, &one.most) != 3) continue;
    worst = {std::max(worst.p50, one.p50), std::max(worst.p99, one.p99), std::max(worst.most, one.most)};
  }
  return worst;
}

std::string text_of(const Pulse& pulse) {
  char buffer[100];
  std::snprintf(buffer, sizeof buffer, "p50 %.2f ms, p99 %.2f ms, max %.2f ms", pulse.p50, pulse.p99, pulse.most);
  return buffer;
}

TEST(Watching, ManyFlowsIsSoonAnsweredAndHurtsNoFlow) {
  const int many = flows_wanted();
  const std::string lib = source_folder() + "/tests/lab/lib/";
  const Process server = lab->host("b.h1").start("exec " + lib + "crowd serve 3000"), small = lab->host("b.h2").start("exec " + lib + "crowd serve 3000");
  ASSERT_TRUE(server.wait_for_output("listening") && small.wait_for_output("listening")) << server.err();
  const Process clients = lab->host("a.h1").start("exec " + lib + "crowd connect 10.0.32.2 3000 " + std::to_string(many));
  ASSERT_TRUE(clients.wait_for_output("answered", 120s)) << clients.err();
  ASSERT_EQ(clients.out(), std::to_string(many) + " answered, 0 reset\n");
  const Process pulse = lab->host("a.h2").start("exec " + lib + "pulse 10.0.32.3 3000 60");
  const Pulse quiet = next(pulse, 2);
  say("a flow beside " + std::to_string(many) + " that stand still: " + text_of(quiet));

  const std::string dvpn = std::string(DVPN_LAB_DVPN) + " ", config = " -c " + a().path("etc/dvpnd.yaml");
  for (const auto& [name, command] : {std::pair<std::string, std::string>{"flows, all of them", dvpn + "flows --limit 10000 --json" + config},
                                      {"flows, the 1,000 fastest", dvpn + "flows --sort rate --json" + config},
                                      {"top", dvpn + "top --limit 40" + config},
                                      {"status", dvpn + "status --json" + config},
                                      {"metrics", "curl -sf http://127.0.0.1:9469/metrics"}}) {
    constexpr int kTimes = 3;
    const double before = processor();
    double longest = 0;
    for (int i = 0; i < kTimes; ++i) {
      const Result asked = a().gateway().run("S=$(date +%s%N); " + command + " >/dev/null && echo $(($(date +%s%N) - S))");
      ASSERT_EQ(asked.exit, 0) << asked.err;
      longest = std::max(longest, std::stod(asked.out) / 1e6);
    }
    char figures[100];
    std::snprintf(figures, sizeof figures, ": %.0f ms at most, %.1f ms of the daemon's processor time each", longest, (processor() - before) / kTimes);
    say(name + figures);
    EXPECT_LT(longest, 3000) << name;
  }

  const Process operators = a().gateway().start("while " + dvpn + "flows --limit 10000 --json" + config + " >/dev/null; do sleep 1; done");
  const Pulse watched = next(pulse, 4);
  say("the same flow while all flows are listed each second: " + text_of(watched));
  EXPECT_TRUE(operators.running());
  EXPECT_LT(watched.p50, quiet.p50 + 20);
  EXPECT_LT(watched.most, quiet.most + 500);
}

TEST(LargeTable, AnEditIsInForceInAMoment) {
  const std::string hosts = a().path("etc/hosts");
  ASSERT_EQ(run_here("awk 'BEGIN { for (i = 0; i < 65536; ++i) { a = i * 64; printf \"100.%d.%d.%d site%d #! 198.%d.%d.%d 100.%d.%d.%d/26\\n\", 64 + a / 65536, a / 256 % 256, "
                     "a % 256 + 1, i, 18 + i / 65536, i / 256 % 256, i % 256, 64 + a / 65536, a / 256 % 256, a % 256 } }' >>" + hosts).exit, 0);
  const auto routes = [] { return json::parse(dvpn(a(), "status --json").out, nullptr, false)["table"].value("routes", 0); };
  ASSERT_TRUE(wait_until([&] { return routes() > 65536; }, 20s, "the table to be read")) << a().log("dvpnd");
  const int before = routes();

  const auto timed = [](const std::string& commands) {
    const std::string dvpn = std::string(DVPN_LAB_DVPN) + " ", config = " -c " + a().path("etc/dvpnd.yaml");
    const Result done = a().gateway().run("set -e; D() { " + dvpn + "\"$@\" " + config + "; }; S=$(date +%s%N); { " + commands + "; } >/dev/null; echo $(($(date +%s%N) - S))");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    return std::stod("0" + done.out) / 1e6;
  };
  const double edit = timed("D map set 10.99.1.1 new 203.0.113.9"), reload = timed("D reload");
  EXPECT_EQ(routes(), before + 1);
  const double both = timed("D map set 10.99.2.1 newer 203.0.113.9; D reload");
  EXPECT_EQ(routes(), before + 2);
  const double alone = timed("D map remove newer; until D status --json | grep -q '\"routes\":" + std::to_string(before + 1) + "[,}]'; do sleep 0.02; done");
  const double lookup = timed("D map lookup newest || true");
  char figures[200];
  std::snprintf(figures, sizeof figures, "map set %.0f ms, reload %.0f ms; both %.0f ms; an edit alone is in force after %.0f ms; lookup %.0f ms", edit, reload, both, alone, lookup);
  say("65,536 lines: " + std::string(figures));
  EXPECT_LT(both, 5000);
  EXPECT_LT(alone, 5000);
}

}  // namespace
}  // namespace dvpn::lab
