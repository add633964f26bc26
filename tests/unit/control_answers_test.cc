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

TEST(Answers, AFlowIsOneObject) {
  flow::FlowInfo info{.id = 7,
                      .protocol = flow::Protocol::kTcp,
                      .client = *net::Endpoint::parse("10.0.31.5:40000"),
                      .destination = *net::Endpoint::parse("[fd00:32::1]:80"),
                      .gateway = "203.0.113.7",
                      .via = table::Via::kRelay,
                      .open = true,
                      .half_closed = false,
                      .age = std::chrono::milliseconds(1500),
                      .bytes_up = 10,
                      .bytes_down = 20};
  EXPECT_EQ(flows_answer({info}),
            R"({"v":1,"ok":true,"flows":[{"id":7,"protocol":"tcp","client":"10.0.31.5:40000","destination":"[fd00:32::1]:80",)"
            R"("gateway":"203.0.113.7","via":"relay","state":"open","age_s":1.5,"up":10,"down":20}]})");
  info.open = false;
  EXPECT_THAT(flows_answer({info}), HasSubstr(R"("state":"opening")"));
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
  for (const char* part : {R"("version":"1.2.3")", R"("uptime_s":12)", R"("sets":{"state":"absent","error":null})",
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
