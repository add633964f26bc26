// SPDX-License-Identifier: GPL-2.0-or-later
// `why`: each stop on the way of a destination, with the whole sentence; what is asked of the far side; and the call's form.
#include "control/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dvpn::control {
namespace {

using flow::EndReason;
using testing::HasSubstr;

constexpr const char* kTable =
    "10.0.33.1 friday #! 203.0.113.9 10.0.33.0/24\n"
    "10.0.60.1 plain #! root@198.51.100.9 10.0.60.0/24 via=direct\n"
    "10.9.2.1 twin #! 203.0.113.2,203.0.113.3 10.9.2.0/24 map=192.168.1.0/24\n"
    "fd00:33::1 friday6 #! [2001:db8::9]:22 fd00:33::/64\n";

WhyFacts facts(const std::string& destination) {
  auto snapshot = std::make_shared<flow::Snapshot>();
  snapshot->config.site.networks = {*net::Prefix::parse("192.168.1.0/24")};
  Diagnostics diagnostics("hosts");
  snapshot->table = table::Table::parse(kTable, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors());
  WhyFacts out;
  out.snapshot = snapshot;
  out.call.destination = destination;
  out.destination = *why_destination(out.call, snapshot->table);
  out.sets = intercept::SetState::kSynced;
  return out;
}

flow::FarAnswer answered(wire::Status status, const char* gateway = "203.0.113.9") {
  flow::FarAnswer out;
  out.gateway = gateway;
  out.answer = wire::Answer{.status = status};
  if (status != wire::Status::kOk) out.no = flow::end_reason(status);
  return out;
}

std::string sentence(const WhyFacts& facts) { return explain(facts).sentence; }
std::string stop_of(const WhyFacts& facts) {
  const Why why = explain(facts);
  return why.carried ? "" : why.steps.back().name;
}

TEST(Why, AnOwnNetwork) {
  const WhyFacts own = facts("192.168.1.7:80");
  EXPECT_EQ(sentence(own),
            "192.168.1.7 is in this site's own network 192.168.1.0/24, which dvpn never carries: it is reached on the LAN; if it is "
            "meant to be another site's, correct site.networks");
  EXPECT_EQ(stop_of(own), "own-networks");
  EXPECT_FALSE(far_request(own));
}

TEST(Why, RulesThatAreNotThere) {
  WhyFacts absent = facts("10.0.33.9:445");
  absent.sets = intercept::SetState::kAbsent;
  EXPECT_EQ(sentence(absent), "the firewall's rules are not in place, so nothing is caught: dvpn-rules install, or systemctl start dvpn-rules");
  EXPECT_EQ(stop_of(absent), "rules");
  EXPECT_FALSE(far_request(absent));
}

TEST(Why, NoLineOfTheTable) {
  const WhyFacts none = facts("10.0.99.9:445");
  EXPECT_EQ(sentence(none),
            "no line of /etc/dvpn/hosts covers 10.0.99.9: add one with the gateway of its site, then dvpn reload; dvpn map check shows "
            "mistakes");
  EXPECT_EQ(stop_of(none), "table");
  EXPECT_FALSE(far_request(none));
}

TEST(Why, DirectHasNoUdpNoPingsAndNoClientSources) {
  WhyFacts direct = facts("10.0.60.9:53");
  direct.call.protocol = wire::Kind::kUdp;
  EXPECT_EQ(sentence(direct),
            "its line says via=direct, and UDP is prohibited without a relay: install dvpn-relay at that site and take via=direct out of "
            "the line");
  EXPECT_FALSE(far_request(direct));
  direct.call.protocol = wire::Kind::kEcho;
  EXPECT_THAT(sentence(direct), HasSubstr("via=direct, and pings are prohibited without a relay"));
  EXPECT_EQ(stop_of(direct), "via");
  direct.call.protocol = wire::Kind::kTcp;
  direct.call.from = net::Address::parse("192.168.1.5");
  const Why why = explain(direct);
  EXPECT_TRUE(why.carried);
  const bool said = std::ranges::any_of(why.steps, [](const Step& step) { return step.name == "via" && step.text.starts_with("via=direct has no client sources"); });
  EXPECT_TRUE(said);
}

TEST(Why, DirectIsNotTriedUnlessAsked) {
  WhyFacts direct = facts("10.0.60.9:80");
  EXPECT_FALSE(far_request(direct));
  EXPECT_EQ(explain(direct).steps.back().name, "target");
  EXPECT_THAT(explain(direct).steps.back().text, HasSubstr("not tried"));
  direct.call.connect = true;
  EXPECT_EQ(far_request(direct)->target->to_string(), "10.0.60.9:80");
  direct.far = flow::FarAnswer{.gateway = "root@198.51.100.9", .no = EndReason::kRefused, .why = "connect failed"};
  EXPECT_EQ(sentence(direct),
            "the far side could not connect to 10.0.60.9:80: refused: connect failed: nothing listens on that port there; start the "
            "server, or see what its firewall rejects");
}

TEST(Why, AProtocolThatIsNotCaughtHere) {
  WhyFacts udp = facts("10.0.33.9:53");
  udp.call.protocol = wire::Kind::kUdp;
  udp.caught_here = false;
  EXPECT_THAT(sentence(udp), HasSubstr("this dvpnd does not catch UDP"));
  EXPECT_EQ(stop_of(udp), "protocol");
  EXPECT_FALSE(far_request(udp));
}

TEST(Why, AProtocolThatIsNotWanted) {
  for (const auto& [kind, words] : {std::pair{wire::Kind::kUdp, "udp.carry is false: UDP is prohibited here"},
                                    {wire::Kind::kEcho, "ping.carry is false: pings are prohibited here"}}) {
    WhyFacts off = facts("10.0.33.9");
    auto snapshot = *off.snapshot;
    (kind == wire::Kind::kUdp ? snapshot.config.udp.carry : snapshot.config.ping.carry) = false;
    off.snapshot = std::make_shared<const flow::Snapshot>(snapshot);
    off.call.protocol = kind;
    off.caught_here = false;
    EXPECT_THAT(sentence(off), HasSubstr(words));
    EXPECT_FALSE(far_request(off));
  }
}

TEST(Why, AsManyFlowsAsMayBe) {
  WhyFacts full = facts("10.0.33.9:445");
  full.flows = full.snapshot->config.limits.flows;
  EXPECT_THAT(sentence(full), HasSubstr("as many flows are open as limits.flows allows (20000)"));
  full.call.protocol = wire::Kind::kUdp;
  full.flows = full.snapshot->config.limits.udp_flows;
  EXPECT_THAT(sentence(full), HasSubstr("as many flows are open as limits.udp_flows allows (5000)"));
  full.call.protocol = wire::Kind::kEcho;
  full.flows = full.snapshot->config.limits.ping_flows;
  EXPECT_THAT(sentence(full), HasSubstr("as many flows are open as limits.ping_flows allows (2000)"));
}

TEST(Why, AGatewayThatCannotBeUsed) {
  WhyFacts down = facts("10.0.33.9:445");
  const auto with = [&](EndReason reason, const char* words) {
    down.far = flow::FarAnswer{.unusable = {{"203.0.113.9", reason, words}}};
    return sentence(down);
  };
  EXPECT_EQ(with(EndReason::kGatewayUnreachable, "connection refused"),
            "the gateway 203.0.113.9 cannot be used, gateway-unreachable: connection refused: see whether its machine, sshd and line are "
            "up, and the address and port in the table are right");
  EXPECT_THAT(with(EndReason::kHostKeyUnknown, ""), HasSubstr("host-key-unknown: put its host key"));
  EXPECT_THAT(with(EndReason::kHostKeyChanged, ""), HasSubstr("ask its administrator whether the key was changed"));
  EXPECT_THAT(with(EndReason::kAuthentication, ""), HasSubstr("authorized_keys.d of 203.0.113.9's site"));
  EXPECT_THAT(with(EndReason::kNoRelay, ""), HasSubstr("start dvpn-relay there"));
  EXPECT_EQ(stop_of(down), "gateway");
}

TEST(Why, TheSecondGatewayWhereTheFirstIsDown) {
  WhyFacts two = facts("10.9.2.7:22");
  two.far = answered(wire::Status::kOk, "203.0.113.3");
  two.far->unusable = {{"203.0.113.2", EndReason::kGatewayTimeout, "no answer"}};
  EXPECT_EQ(sentence(two), "a connection to 10.9.2.7:22 would be carried through 203.0.113.3");
  two.far = flow::FarAnswer{.unusable = {{"203.0.113.2", EndReason::kGatewayTimeout, "a"}, {"203.0.113.3", EndReason::kGatewayUnreachable, "b"}}};
  EXPECT_THAT(sentence(two), HasSubstr("none of its gateways can be used; the last one, 203.0.113.3, gateway-unreachable: b: "));
  EXPECT_EQ(explain(two).steps[explain(two).steps.size() - 2].text, "203.0.113.2: gateway-timeout: a");
}

TEST(Why, TheRelaysAccessList) {
  WhyFacts no = facts("10.9.2.7:445");
  no.far = answered(wire::Status::kProhibited, "203.0.113.2");
  EXPECT_EQ(sentence(no),
            "the access list of the relay at 203.0.113.2 does not allow TCP connections to 192.168.1.7:445: there: add it to networks or "
            "access in relay.yaml and reload dvpn-relay");
  EXPECT_EQ(stop_of(no), "access-list");
  no.call.from = net::Address::parse("192.168.1.5");
  no.for_anyone = answered(wire::Status::kOk, "203.0.113.2");
  EXPECT_THAT(sentence(no), HasSubstr("does not let this site's account claim the client 192.168.1.5"));
}

TEST(Why, ARelayThatIsFull) {
  WhyFacts no = facts("10.0.33.9:22");
  no.far = answered(wire::Status::kLimit);
  EXPECT_THAT(sentence(no), HasSubstr("has reached a limit of its own, or of its machine's: have that limit raised there"));
  no.far->answer->limit = wire::Limit::kFlows;
  EXPECT_EQ(sentence(no), "the relay of 203.0.113.9 has as many as its limits.flows allows: there: raise limits.flows in relay.yaml, then reload dvpn-relay");
}

TEST(Why, ARelayThatCannot) {
  WhyFacts no = facts("10.0.33.9:53");
  no.call.protocol = wire::Kind::kUdp;
  no.far = answered(wire::Status::kUnsupported);
  EXPECT_THAT(sentence(no), HasSubstr("the relay of 203.0.113.9 cannot do UDP"));
  no.far = flow::FarAnswer{.gateway = "203.0.113.9", .no = EndReason::kProhibited};
  EXPECT_THAT(sentence(no), HasSubstr("sshd of 203.0.113.9 does not let us at the relay's socket"));
  no.far = flow::FarAnswer{.gateway = "203.0.113.9", .no = EndReason::kOpenTimeout, .why = "the relay did not answer in time"};
  EXPECT_THAT(sentence(no), HasSubstr("cannot be asked: the relay did not answer in time"));
  EXPECT_EQ(stop_of(no), "relay");
}

TEST(Why, ATargetIsTriedOnlyWhenAsked) {
  WhyFacts closed = facts("10.0.33.9:81");
  EXPECT_EQ(far_request(closed)->kind, wire::Kind::kWouldAllow);
  closed.far = answered(wire::Status::kOk);
  EXPECT_EQ(sentence(closed), "a connection to 10.0.33.9:81 would be carried through 203.0.113.9");
  EXPECT_EQ(explain(closed).steps.back().text, "not tried (--connect does)");
  closed.call.connect = true;
  EXPECT_EQ(far_request(closed)->kind, wire::Kind::kTcp);
  EXPECT_EQ(sentence(closed), "a connection to 10.0.33.9:81 would be carried through 203.0.113.9, and its target answers");
  closed.far = answered(wire::Status::kRefused);
  EXPECT_THAT(sentence(closed), HasSubstr("could not connect to 10.0.33.9:81: refused: nothing listens on that port"));
  EXPECT_EQ(stop_of(closed), "target");
}

TEST(Why, AsksForTheTranslatedTargetAndTheProtocol) {
  WhyFacts mapped = facts("10.9.2.7:22");
  EXPECT_EQ(far_request(mapped)->target->to_string(), "192.168.1.7:22");
  EXPECT_FALSE(far_request(mapped)->about);
  mapped.call.protocol = wire::Kind::kUdp;
  EXPECT_EQ(far_request(mapped)->about, wire::Kind::kUdp);
  mapped.call.protocol = wire::Kind::kTcp;
  mapped.destination.port = 0;
  EXPECT_EQ(far_request(mapped)->kind, wire::Kind::kHello);
}

TEST(WhyAnswer, HasTheFormOfTheManual) {
  WhyFacts ok = facts("twin:22");
  ok.far = answered(wire::Status::kOk, "203.0.113.2");
  const std::string answer = why_answer(ok, explain(ok));
  EXPECT_THAT(answer, testing::StartsWith(R"({"v":1,"ok":true,"carried":true,"stops_at":null,"sentence":"a connection to 10.9.2.1:22 would be carried through )"
                                          R"(203.0.113.2","destination":"10.9.2.1:22","protocol":"tcp","from":null,"line":3,"asks_for":"192.168.1.1",)"
                                          R"("gateway":"203.0.113.2","steps":[{"step":"own-networks","state":"ok","text":")"));
  const WhyFacts none = facts("10.0.99.9");
  EXPECT_THAT(why_answer(none, explain(none)), HasSubstr(R"("carried":false,"stops_at":"table",)"));
}

TEST(WhyCall, IsStrict) {
  const auto good = parse_why(R"({"v":1,"call":"why","destination":"10.0.33.9:445","from":"10.0.31.5","protocol":"udp","connect":false})");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->protocol, wire::Kind::kUdp);
  EXPECT_EQ(good->from, net::Address::parse("10.0.31.5"));
  for (const char* bad : {R"({"v":1,"call":"why"})", R"({"v":1,"call":"why","destination":7})", R"({"v":1,"call":"why","destination":"a","protocol":"icmp"})",
                          R"({"v":1,"call":"why","destination":"a","from":"here"})", R"({"v":1,"call":"why","destination":"a","port":22})",
                          R"({"v":1,"call":"why","destination":"a","protocol":"udp","connect":true})", "[]"})
    EXPECT_FALSE(parse_why(bad)) << bad;
}

TEST(WhyCall, NamesADestination) {
  const WhyFacts any = facts("10.0.33.9");
  const auto& table = any.snapshot->table;
  const auto read = [&](const std::string& words, const char* from = nullptr) {
    WhyCall call{.destination = words};
    if (from != nullptr) call.from = net::Address::parse(from);
    const auto at = why_destination(call, table);
    return at ? at->to_string() : at.error();
  };
  EXPECT_EQ(read("10.0.33.9:445"), "10.0.33.9:445");
  EXPECT_EQ(read("[fd00:33::9]:445"), "[fd00:33::9]:445");
  EXPECT_EQ(read("fd00:33::9"), "[fd00:33::9]:0");
  EXPECT_EQ(read("friday:22"), "10.0.33.1:22");
  EXPECT_EQ(read("10.0.33.9:0"), "'0' is no port (1..65535)");
  EXPECT_EQ(read("10.0.33.9:"), "'' is no port (1..65535)");
  EXPECT_THAT(read("nobody:22"), HasSubstr("'nobody' is neither an address nor a name"));
  EXPECT_THAT(read("10.0.33.9:22", "fd00:31::5"), HasSubstr("are of different families"));
}

}  // namespace
}  // namespace dvpn::control
