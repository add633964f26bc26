// SPDX-License-Identifier: GPL-2.0-or-later
// Metrics: their form, their bounds, and that manual and dashboard name those that there are. Runs in the source's top folder.
#include "control/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "control/metrics_text.h"

namespace dvpn::control {
namespace {

using testing::HasSubstr;
using testing::Not;
using State = gateway::Stats::State;

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

std::set<std::string> names(const std::string& text, const std::string& regex) {
  const std::regex pattern(regex);
  std::set<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) out.insert((*at)[1]);
  return out;
}

DaemonState some_state() {
  DaemonState state;
  state.version = "1.2.3";
  state.snapshot = std::make_shared<const flow::Snapshot>();
  state.counters.count(flow::EndReason::kDone);
  state.refused.count(flow::EndReason::kNoRoute);
  state.counters.bytes_up = 7;
  state.rules = intercept::RulesState::kInPlace;
  state.gate = flow::GateInfo{.held = 3, .verdicts = {5, 6}};
  gateway::Stats stats{.name = "gw.friday.example", .state = State::kUp, .sessions = 2, .round_trip = std::chrono::microseconds(1500)};
  stats.usage.bytes = {70, 80};
  stats.usage.open_times.note(std::chrono::milliseconds(3));
  state.gateways = {stats};
  return state;
}

TEST(MetricsText, EscapesLabels) {
  EXPECT_EQ(escape_label("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
  EXPECT_EQ(escape_label("\x1b\xff\x7f"), "???");
  MetricsText out;
  out.gauge("x", "Help.");
  out.sample({{"a", "\""}, {"b", "c"}}, 1.5);
  EXPECT_EQ(out.text(), "# HELP x Help.\n# TYPE x gauge\nx{a=\"\\\"\",b=\"c\"} 1.5\n");
}

TEST(MetricsText, AHistogramIsCumulative) {
  gateway::OpenTimes times;
  times.note(std::chrono::milliseconds(1));
  times.note(std::chrono::milliseconds(4));
  times.note(std::chrono::minutes(1));
  MetricsText out;
  out.one("x_seconds", "histogram", "Help.", times);
  EXPECT_THAT(out.text(), HasSubstr("x_seconds_bucket{le=\"0.0005\"} 0\nx_seconds_bucket{le=\"0.001\"} 1\n"));
  EXPECT_THAT(out.text(), HasSubstr("x_seconds_bucket{le=\"0.005\"} 2\n"));
  EXPECT_THAT(out.text(), HasSubstr("x_seconds_bucket{le=\"20\"} 2\nx_seconds_bucket{le=\"+Inf\"} 3\nx_seconds_sum 60.005\nx_seconds_count 3\n"));
}

TEST(Metrics, SayWhatTheDaemonKnows) {
  const std::string text = metrics_text(some_state());
  for (const char* line : {"dvpn_build_info{version=\"1.2.3\"} 1\n", "dvpn_flows_ended_total{reason=\"done\"} 1\n", "dvpn_flows_ended_total{reason=\"no-route\"} 1\n",
                           "dvpn_flows_ended_total{reason=\"refused\"} 0\n", "dvpn_bytes_total{direction=\"up\"} 7\n", "dvpn_sessions 2\n",
                           "dvpn_gate_held 3\n", "dvpn_gate_verdicts_total{verdict=\"reset\"} 6\n", "dvpn_rules_state{state=\"in-place\"} 1\n",
                           "dvpn_gateway_round_trip_seconds{gateway=\"gw.friday.example\"} 0.0015\n", "dvpn_open_seconds_count 1\n",
                           "dvpn_gateway_bytes_total{gateway=\"gw.friday.example\",direction=\"down\"} 80\n",
                           "dvpn_gateway_open_seconds_bucket{gateway=\"gw.friday.example\",le=\"0.005\"} 1\n", "dvpn_gateways_left_out 0\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, GatewaysAreBounded) {
  DaemonState state = some_state();
  flow::Snapshot snapshot;
  snapshot.config.metrics.gateways = 2;
  state.snapshot = std::make_shared<const flow::Snapshot>(snapshot);
  state.gateways = {{.name = "idle", .state = State::kIdle, .opens = 99}, {.name = "quiet", .state = State::kUp},
                    {.name = "busy", .state = State::kUp, .channels = 3}, {.name = "broken", .state = State::kFailed}};
  const std::string text = metrics_text(state);
  for (const char* shown : {"{gateway=\"busy\"}", "{gateway=\"broken\"}", "dvpn_gateways 4\n", "dvpn_gateways_left_out 2\n"}) EXPECT_THAT(text, HasSubstr(shown));
  for (const char* left_out : {"gateway=\"idle\"", "gateway=\"quiet\""}) EXPECT_THAT(text, Not(HasSubstr(left_out)));
}

TEST(Metrics, EachIsInTheManualAndNoOther) {
  const std::set<std::string> exported = names(metrics_text(some_state()), "# TYPE ([a-z_]+) ");
  const std::string manual = read("man/dvpnd.8");
  const std::size_t begin = manual.find(".Sh METRICS"), end = manual.find(".Sh FILES");
  ASSERT_LT(begin, end);
  EXPECT_EQ(names(manual.substr(begin, end - begin), "((?:dvpn|process)_[a-z_]+)"), exported);
}

TEST(Metrics, TheDashboardShowsThoseThatThereAre) {
  const auto dashboard = nlohmann::json::parse(read("conf/grafana/dvpn.json"));
  const std::set<std::string> exported = names(metrics_text(some_state()), "\n([a-z_]+)[{ ]");
  std::size_t expressions = 0;
  for (const auto& panel : dashboard.at("panels"))
    for (const auto& target : panel.at("targets")) {
      ++expressions;
      const auto used = names(target.at("expr"), "((?:dvpn|process)_[a-z_]+)");
      EXPECT_FALSE(used.empty()) << target;
      for (const std::string& name : used) EXPECT_TRUE(exported.contains(name)) << name;
    }
  EXPECT_GT(expressions, 10u);
}

}  // namespace
}  // namespace dvpn::control
