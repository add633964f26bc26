// SPDX-License-Identifier: GPL-2.0-or-later
// The control socket's language: calls that are refused, and the forms of the answers.
#include "control/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dvpn::control {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(Call, IsStrict) {
  EXPECT_EQ(parse_call(R"({"v":1,"call":"status"})")->name, "status");
  for (const char* bad : {"", "status", "[]", R"({"call":"status"})", R"({"v":2,"call":"status"})", R"({"v":1})",
                          R"({"v":1,"call":7})", R"({"v":1,"call":"status")"})
    EXPECT_FALSE(parse_call(bad)) << bad;
}

TEST(Answers, AnErrorNeedsNoValidText) {
  EXPECT_EQ(error_answer("line 1\n\"quoted\" \xff"), "{\"v\":1,\"ok\":false,\"error\":\"line 1\\n\\\"quoted\\\" \xef\xbf\xbd\"}");
}

TEST(Answers, StatusHasWhatTheManualSays) {
  DaemonState state;
  state.version = "1.2.3";
  state.uptime = std::chrono::seconds(12);
  state.snapshot = std::make_shared<const flow::Snapshot>();
  state.sets = intercept::SetState::kAbsent;
  state.refused.count(flow::EndReason::kNoRoute);
  const std::string answer = status_answer(state);
  for (const char* part : {R"("version":"1.2.3")", R"("uptime_s":12)", R"("sets":{"state":"absent","error":null},"stop":{"state":"off","error":null})",
                           R"("flows":{"open":0,"total":0,"refused":1,"limit":20000})", R"("ended":{"no-route":1})",
                           R"("gate":{"mode":"accept-first","error":null})", R"("bytes":{"up":0,"down":0})", R"("sessions":0)", R"("gateways":[])"})
    EXPECT_THAT(answer, HasSubstr(part));
}

TEST(Answers, StatusOfTheGate) {
  DaemonState state;
  state.snapshot = std::make_shared<const flow::Snapshot>();
  state.gate_error = "no queue";
  EXPECT_THAT(status_answer(state), HasSubstr(R"("gate":{"mode":"accept-first","error":"no queue"})"));
  state.gate = flow::GateInfo{.held = 1, .waiting = 2, .verdicts = {3, 4, 5, 6, 7, 8}, .copies = 9, .remembered = 10, .over_limit = 11,
                              .over_client_limit = 12, .client_gone = 13, .bypassed = 14, .not_understood = 15};
  EXPECT_THAT(status_answer(state),
              HasSubstr(R"("gate":{"mode":"hold","error":null,"held":1,"limit":10000,"waiting":2,"verdicts":{"pass":3,"reset":4,)"
                        R"("host-unreachable":5,"network-unreachable":6,"prohibited":7,"silence":8},"copies":9,"remembered":10,)"
                        R"("over_limit":11,"over_client_limit":12,"client_gone":13,"bypassed":14,"not_understood":15})"));
}

TEST(Answers, StatusOfUdp) {
  DaemonState state;
  state.snapshot = std::make_shared<const flow::Snapshot>();
  state.udp_error = "no queue";
  state.udp_flows = 1;
  state.counters.udp = {.up = 2, .down = 3, .dropped_up = 4, .dropped_down = 5, .unreachable = 6};
  state.udp = {.late = 7, .remembered = 8, .told = 9, .not_understood = 10};
  EXPECT_THAT(status_answer(state),
              HasSubstr(R"("udp":{"carried":true,"error":"no queue","flows":1,"limit":5000,"up":2,"down":3,"dropped_up":4,"dropped_down":5,)"
                        R"("late":7,"unreachable":6,"remembered":8,"told":9,"not_understood":10})"));
}

TEST(Answers, StatusOfPings) {
  DaemonState state;
  state.snapshot = std::make_shared<const flow::Snapshot>();
  state.ping_carried = false;
  state.ping_error = "no queue";
  state.ping_flows = 1;
  state.counters.add(flow::Protocol::kPing, {.up = 2, .down = 3, .dropped_up = 4, .dropped_down = 5, .unreachable = 6, .unanswered = 7});
  state.ping = {.dropped = 8, .remembered = 9, .too_long = 11, .not_understood = 10};
  EXPECT_THAT(status_answer(state),
              HasSubstr(R"("ping":{"carried":false,"error":"no queue","flows":1,"limit":2000,"up":2,"down":3,"dropped_up":12,"dropped_down":5,)"
                        R"("unreachable":6,"unanswered":7,"remembered":9,"too_long":11,"not_understood":10})"));
}

TEST(Answers, StatusAddsUpWhatGatewaysHave) {
  DaemonState state;
  state.snapshot = std::make_shared<const flow::Snapshot>();
  EXPECT_THAT(status_answer(state), HasSubstr(R"("rate":{"up":0,"down":0},"open_ms":null,)"));
  EXPECT_THAT(status_answer(state), HasSubstr(R"("metrics":{"listen":null},"web":{"listen":null})"));
  state.rules = intercept::RulesState::kInPlace;
  state.web_listen = "127.0.0.1:9470";
  state.windows = 5;
  state.process.resident = 6;
  gateway::Stats one{.name = "one"}, other{.name = "other"};
  one.usage.rate = {1, 2};
  other.usage.rate = {10, 20};
  for (int i = 0; i < 100; ++i) one.usage.open_times.note(std::chrono::milliseconds(7));
  other.site = "friday";
  state.gateways = {one, other};
  const std::string answer = status_answer(state);
  for (const char* part : {R"("rules":{"state":"in-place"})", R"("rate":{"up":11,"down":22})", R"("open_ms":{"p50":7.5,"p90":9.5,"p99":9.95})",
                           R"("web":{"listen":"127.0.0.1:9470"})", R"("memory":{"resident":6,"windows":5,"windows_limit":268435456})",
                           R"("gateways_left_out":0)", R"("site":"friday","bytes":{"up":0,"down":0},"rate":{"up":10,"down":20},"open_ms":null)"})
    EXPECT_THAT(answer, HasSubstr(part));
}

TEST(Answers, AGatewayWhoseLimitsHoldUsBackSaysWhatToSet) {
  const auto with = [](std::optional<gateway::Failure> failure) {
    gateway::Stats stats{.name = "gw", .state = gateway::Stats::State::kUp, .last_error = "x"};
    stats.failure = std::move(failure);
    return gateways_answer({stats});
  };
  EXPECT_THAT(with(std::nullopt), HasSubstr(R"("limited":false,"remedy":null)"));
  EXPECT_THAT(with(ssh::SessionFailure{ssh::SessionTrouble::kTurnedAway, ""}), testing::ContainsRegex(R"("limited":true,"remedy":"[^"]*MaxStartups[^"]*PerSourcePenaltyExemptList)"));
  EXPECT_THAT(with(ssh::OpenFailure{ssh::OpenTrouble::kProhibited, ""}), testing::ContainsRegex(R"("limited":true,"remedy":"[^"]*PermitOpen)"));
  EXPECT_THAT(with(ssh::OpenFailure{ssh::OpenTrouble::kFailed, ""}), testing::ContainsRegex(R"("limited":true,"remedy":"start dvpn-relay there[^"]*AllowStreamLocalForwarding)"));
  EXPECT_THAT(with(ssh::SessionFailure{ssh::SessionTrouble::kAuthentication, ""}), testing::ContainsRegex(R"("limited":false,"remedy":"have our public key put into authorized_keys.d of gw)"));
}

TEST(Answers, GatewaysAreBounded) {
  using State = gateway::Stats::State;
  std::vector<gateway::Stats> many;
  for (std::size_t i = 0; i < kGatewaysListed + 1; ++i) many.push_back({.name = "g" + std::to_string(i), .state = State::kIdle, .opens = 2});
  many[0].opens = 1;
  EXPECT_THAT(gateways_answer(many), HasSubstr(R"("total":1001,"left_out":1,)"));
  EXPECT_THAT(gateways_answer(many), testing::Not(HasSubstr("\"g0\"")));
  many[0].state = State::kBackoff;
  EXPECT_THAT(gateways_answer(many), HasSubstr("\"g0\""));
  const auto few = most_telling({{.name = "a", .state = State::kIdle}, {.name = "b", .state = State::kUp}, {.name = "c", .state = State::kFailed}}, 2);
  ASSERT_EQ(few.size(), 2u);
  EXPECT_EQ(few[0].name, "b");
  EXPECT_EQ(few[1].name, "c");
}

TEST(Answers, WorkersAreAddedUpByGateway) {
  using State = gateway::Stats::State;
  const auto merged = merge({{.name = "b", .state = State::kBackoff, .failures = 1, .last_error = "down"},
                             {.name = "a", .state = State::kIdle, .sessions = 0, .opens = 3},
                             {.name = "a", .state = State::kUp, .sessions = 2, .channels = 5, .opens = 4,
                              .round_trip = std::chrono::microseconds(900)}});
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0].name, "a");
  EXPECT_EQ(merged[0].state, State::kUp);
  EXPECT_EQ(merged[0].sessions, 2u);
  EXPECT_EQ(merged[0].opens, 7u);
  EXPECT_EQ(merged[0].round_trip.count(), 900);
  EXPECT_EQ(merged[1].last_error, "down");
}

}  // namespace
}  // namespace dvpn::control
