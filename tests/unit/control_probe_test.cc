// SPDX-License-Identifier: GPL-2.0-or-later
// The call `probe`: its form, and what is said of each outcome.
#include "control/probe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "json_page.h"

namespace dvpn::control {
namespace {

TEST(Probe, TheCallNamesGateways) {
  EXPECT_EQ(*parse_probe(R"({"v":1,"call":"probe","gateways":["203.0.113.9","gw.example:2222"]})"), (std::vector<std::string>{"203.0.113.9", "gw.example:2222"}));
  for (const char* bad : {"[]", R"({"gateways":[]})", R"({"gateways":"a"})", R"({"gateways":[7]})", R"({"gateways":["a","a"]})", "{}"}) EXPECT_FALSE(parse_probe(bad)) << bad;
  nlohmann::json many = {{"gateways", nlohmann::json::array()}};
  for (std::size_t i = 0; i <= kMostProbed; ++i) many["gateways"].push_back(std::to_string(i));
  EXPECT_EQ(parse_probe(many.dump()).error(), "\"gateways\" names 1 to 16 of them");
}

TEST(Probe, OnlyGatewaysOfTheTableAreFound) {
  Diagnostics diagnostics("hosts");
  const auto table = table::Table::parse("10.0.33.1 friday #! 203.0.113.9,ops@gw.example:2222\n10.0.60.1 plain #! 198.51.100.9 via=direct\n", diagnostics);
  EXPECT_EQ(find_gateway(table, "ops@gw.example:2222")->spec.user, "ops");
  EXPECT_EQ(find_gateway(table, "198.51.100.9")->via, table::Via::kDirect);
  EXPECT_FALSE(find_gateway(table, "198.51.100.10"));
}

nlohmann::json one(ProbeOutcome outcome) { return nlohmann::json::parse(probe_answer({std::move(outcome)}))["gateways"][0]; }

TEST(ClockOffset, IsKnownToHalfOfTheTimeThatTheAnswerTook) {
  using std::chrono::milliseconds;
  const flow::SystemTime asked{milliseconds(1'000'000)};
  EXPECT_EQ(flow::clock_offset(asked, milliseconds(20), asked + milliseconds(10)), (flow::ClockOffset{milliseconds(0), milliseconds(10)}));
  EXPECT_EQ(flow::clock_offset(asked, milliseconds(20), asked + milliseconds(90'010)), (flow::ClockOffset{milliseconds(90'000), milliseconds(10)}));
  EXPECT_EQ(flow::clock_offset(asked, milliseconds(21), asked - milliseconds(50)), (flow::ClockOffset{milliseconds(-60), milliseconds(11)}));
}

TEST(Probe, EachOutcomeIsSaid) {
  const Probed relay{.spec = {.user = "dvpn", .host = "203.0.113.9"}, .via = table::Via::kRelay};
  EXPECT_EQ(one({.name = "x", .gateway = {}, .answer = {}})["reason"], "not-in-table");
  EXPECT_EQ(one({.name = "x", .gateway = Probed{.spec = relay.spec, .via = table::Via::kDirect}, .answer = {}})["state"], "not-asked");

  flow::FarAnswer yes{.gateway = "203.0.113.9"};
  yes.answer = wire::Answer{.status = wire::Status::kOk, .versions = wire::Versions{}, .software = "dvpn-relay 1"};
  const auto good = one({.name = "203.0.113.9", .gateway = relay, .answer = yes});
  EXPECT_EQ(good["state"], "ok");
  EXPECT_EQ(good["software"], "dvpn-relay 1");
  EXPECT_EQ(good["versions"], nlohmann::json({1, 1}));
  EXPECT_EQ(good["clock"], nullptr);
  yes.clock = flow::ClockOffset{std::chrono::milliseconds(-7), std::chrono::milliseconds(3)};
  EXPECT_EQ(one({.name = "203.0.113.9", .gateway = relay, .answer = yes})["clock"], nlohmann::json({{"ahead_ms", -7}, {"uncertainty_ms", 3}}));

  const auto whole = nlohmann::json::parse(probe_answer({{.name = "203.0.113.9", .gateway = relay, .answer = yes}}));
  EXPECT_EQ(lab::JsonPage("man/dvpn-json.7").differences("probe", whole), std::vector<std::string>{});

  flow::FarAnswer down;
  down.unusable.push_back({"203.0.113.9", flow::EndReason::kGatewayUnreachable, "Connection refused"});
  const auto bad = one({.name = "203.0.113.9", .gateway = relay, .answer = down});
  EXPECT_EQ(bad["state"], "failed");
  EXPECT_EQ(bad["reason"], "gateway-unreachable");
  EXPECT_EQ(bad["text"], "Connection refused");
  EXPECT_FALSE(bad["remedy"].get<std::string>().empty());

  flow::FarAnswer no{.gateway = "203.0.113.9", .no = flow::EndReason::kFarLimit};
  EXPECT_EQ(one({.name = "203.0.113.9", .gateway = relay, .answer = no})["state"], "failed");
}

}  // namespace
}  // namespace dvpn::control
