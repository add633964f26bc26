// SPDX-License-Identifier: GPL-2.0-or-later
// The calls `flows` and `log`: what is understood, what is refused, and the forms of the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/flows_answer.h"
#include "control/log_answer.h"

namespace dvpn::control {
namespace {

using testing::HasSubstr;

TEST(FlowsCall, HasFilterOrderAndLimit) {
  const auto query = parse_flow_query(R"({"v":1,"call":"flows","filter":{"from":"10.0.31.0/24","to":"10.0.33.9","port":445,)"
                                      R"("gateway":"friday","protocol":"udp","state":"closing"},"sort":"rate","limit":50})");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->filter.from->to_string(), "10.0.31.0/24");
  EXPECT_EQ(query->filter.to->to_string(), "10.0.33.9/32");
  EXPECT_EQ(query->filter.port, 445);
  EXPECT_EQ(query->filter.gateway, "friday");
  EXPECT_EQ(query->filter.protocol, flow::Protocol::kUdp);
  EXPECT_EQ(query->filter.state, flow::FlowState::kClosing);
  EXPECT_EQ(query->order, flow::FlowOrder::kRate);
  EXPECT_EQ(query->limit, 50u);
  const auto plain = parse_flow_query(R"({"v":1,"call":"flows"})");
  EXPECT_EQ(plain->limit, kFlowsListed);
  EXPECT_EQ(plain->order, flow::FlowOrder::kId);
  EXPECT_EQ(parse_flow_query(R"({"limit":10000})")->limit, kMostFlowsListed);
}

TEST(FlowsCall, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"filter":{"from":"10.0.31.1/24"}})", "from: '10.0.31.1/24' is no address, and no prefix without host bits, like 10.0.31.0/24"},
      {R"({"filter":{"port":0}})", "port: '0' is no number from 1 to 65535"},
      {R"({"filter":{"port":65536}})", "port: '65536' is no number from 1 to 65535"},
      {R"({"limit":10001})", "limit: '10001' is no number from 1 to 10000"},
      {R"({"limit":-1})", "\"limit\" has no value of its kind"},
      {R"({"limit":0})", "limit: '0' is no number from 1 to 10000"},
      {R"({"filter":{"protocol":"icmp"}})", "protocol: 'icmp' is none of tcp, udp and ping"},
      {R"({"filter":{"state":"up"}})", "state: 'up' is none of opening, open and closing"},
      {R"({"sort":"name"})", "sort: 'name' is none of id, age, bytes and rate"},
      {R"({"filter":{"form":"10.0.31.1"}})", "\"form\" is not known: from, to, port, gateway, protocol, state, sort or limit"},
      {R"({"filter":7})", "\"filter\" is not known: from, to, port, gateway, protocol, state, sort or limit"},
      {"[]", "not a JSON object on one line"},
  };
  for (const auto& [call, said] : cases) {
    const auto query = parse_flow_query(call);
    ASSERT_FALSE(query) << call;
    EXPECT_EQ(query.error(), said);
  }
}

TEST(FlowsCall, IsAQueryOnThePageAsWell) {
  const auto query = flow_query("sort=rate&limit=7&to=fd00%3A32%3A%3A%2F64&");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->limit, 7u);
  EXPECT_EQ(query->filter.to->to_string(), "fd00:32::/64");
  EXPECT_EQ(flow_query("")->limit, kFlowsListed);
  EXPECT_EQ(flow_query("limit=x").error(), "limit: 'x' is no number from 1 to 10000");
}

TEST(FlowsAnswer, AFlowIsOneObject) {
  flow::FlowInfo info{.id = 7,
                      .protocol = flow::Protocol::kTcp,
                      .client = *net::Endpoint::parse("10.0.31.5:40000"),
                      .destination = *net::Endpoint::parse("[fd00:32::1]:80"),
                      .gateway = "203.0.113.7",
                      .via = table::Via::kRelay,
                      .state = flow::FlowState::kOpen,
                      .age = std::chrono::milliseconds(1500),
                      .bytes = {10, 20},
                      .rate = {1, 2}};
  EXPECT_EQ(flows_answer({.total = 3, .flows = {info}}),
            R"({"v":1,"ok":true,"total":3,"left_out":2,"flows":[{"id":7,"protocol":"tcp","client":"10.0.31.5:40000","destination":"[fd00:32::1]:80",)"
            R"("target":null,"gateway":"203.0.113.7","via":"relay","state":"open","age_s":1.5,"up":10,"down":20,"rate_up":1,"rate_down":2}]})");
  info.target = net::Endpoint::parse("10.0.99.1:80");
  EXPECT_THAT(flows_answer({.total = 2, .flows = {info, info}}), HasSubstr(R"("target":"10.0.99.1:80")"));
  EXPECT_THAT(flows_answer({.total = 2, .flows = {info, info}}), HasSubstr("},{"));
  EXPECT_EQ(flows_answer({}), R"({"v":1,"ok":true,"total":0,"left_out":0,"flows":[]})");
}

TEST(LogCall, IsStrict) {
  EXPECT_EQ(parse_log_call(R"({"v":1,"call":"log"})")->last, 20u);
  EXPECT_EQ(parse_log_call(R"({"last":3})")->last, 3u);
  EXPECT_EQ(parse_log_call(R"({"after":3})")->after, 3u);
  EXPECT_EQ(parse_log_call(R"({"after":"3"})").error(), "\"after\" has no number");
  EXPECT_EQ(parse_log_call(R"({"since":3})").error(), "\"since\" is not known: after or last");
  EXPECT_FALSE(parse_log_call("x"));
}

TEST(LogAnswer, SaysWhereToGoOnAndWhatWasLost) {
  RecentLog log(2);
  EXPECT_EQ(log_answer({}, log), R"({"v":1,"ok":true,"next":0,"lost":0,"lines":[]})");
  for (const char* line : {"a", "b", "c"}) log.add(LogLevel::kInfo, line);
  EXPECT_THAT(log_answer({.last = 1}, log), HasSubstr(R"("next":3,"lost":0,"lines":[{"number":3,)"));
  EXPECT_THAT(log_answer({.after = 0}, log), HasSubstr(R"("next":3,"lost":1,"lines":[{"number":2,)"));
  EXPECT_EQ(log_answer({.after = 3}, log), R"({"v":1,"ok":true,"next":3,"lost":0,"lines":[]})");
  EXPECT_THAT(log_answer({.after = 99}, log), HasSubstr(R"("lines":[{"number":2,)")) << "it began anew";
  log.add(LogLevel::kWarning, "not UTF-8: \xff");
  EXPECT_THAT(log_answer({.last = 1}, log), HasSubstr("\"level\":\"warning\",\"text\":\"not UTF-8: \xef\xbf\xbd\""));
}

}  // namespace
}  // namespace dvpn::control
