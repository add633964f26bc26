// SPDX-License-Identifier: GPL-2.0-or-later
// The relay's parts that decide without I/O.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "relay/census.h"
#include "relay/decision.h"
#include "relay/echo_book.h"
#include "relay/errno_status.h"
#include "relay/flow_machine.h"
#include "relay/message.h"
#include "relay/request_reader.h"

namespace dvpn::relay {
namespace {

using namespace std::chrono_literals;
using wire::Kind;
using wire::Request;
using wire::Status;

constexpr std::uint32_t kAll = wire::kFeatureTcp | wire::kFeatureUdp | wire::kFeatureEcho | wire::kFeatureWouldAllow;
const net::Endpoint kTarget = *net::Endpoint::parse("10.0.32.5:80");

/// Feeds `stream` in pieces as far as the reader wants; how many bytes it took.
std::size_t feed(RequestReader& reader, std::string_view stream, std::size_t piece) {
  std::size_t taken = 0;
  while (!reader.finished() && taken < stream.size()) {
    const std::size_t n = std::min({piece, reader.wanted(), stream.size() - taken});
    std::memcpy(reader.room(), stream.data() + taken, n);
    reader.came(n);
    taken += n;
  }
  return taken;
}

TEST(RequestReader, TakesTheRequestAndNotAByteMore) {
  const Request request{.kind = Kind::kTcp, .target = kTarget, .deadline = 5s};
  const std::string bytes = wire::encode(request);
  for (std::size_t piece = 1; piece <= bytes.size() + 5; ++piece) {
    RequestReader reader;
    EXPECT_FALSE(reader.started());
    EXPECT_EQ(feed(reader, bytes + "\0\0\0\1x", piece), bytes.size());
    EXPECT_EQ(reader.take(), request);
  }
}

TEST(RequestReader, WaitsForEveryByte) {
  const std::string bytes = wire::encode(Request{.kind = Kind::kTcp, .target = kTarget});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    RequestReader reader;
    feed(reader, std::string_view(bytes).substr(0, size), 1);
    EXPECT_FALSE(reader.finished()) << size;
  }
}

TEST(RequestReader, StopsAtAHeaderThatCannotBeServed) {
  for (const auto& [header, status] : {std::pair{std::string("\x02\x02\0\x08", 4), Status::kUnsupported},
                                       std::pair{std::string("\x01\x09\0\x08", 4), Status::kUnsupported},
                                       std::pair{std::string("\x01\x02\x04\x01", 4), Status::kMalformed}}) {
    RequestReader reader;
    EXPECT_EQ(feed(reader, header + "12345678", 3), 4u);
    EXPECT_EQ(reader.take(), std::unexpected(status));
  }
}

TEST(Decision, AnswersByKindAndAccess) {
  const AccessList open({{std::nullopt, {*net::Prefix::parse("10.0.32.0/24")}, {}}}, {});
  const auto asked = [&](Kind kind, const AccessList& access, std::uint32_t features = kAll) {
    return decide(Request{.kind = kind, .target = kTarget}, 1000, access, features, 10s);
  };
  const Decision hello = asked(Kind::kHello, AccessList());
  EXPECT_EQ(hello.answer.status, Status::kOk);
  EXPECT_EQ(hello.answer.versions, wire::Versions(1, 1));
  EXPECT_EQ(hello.answer.features, kAll);
  EXPECT_TRUE(hello.answer.software.starts_with("dvpn-relay "));
  ASSERT_TRUE(hello.answer.clock);
  EXPECT_LT(std::chrono::abs(*hello.answer.clock - std::chrono::system_clock::now()), std::chrono::seconds(5));
  for (const Kind kind : {Kind::kTcp, Kind::kUdp, Kind::kEcho}) {
    EXPECT_TRUE(asked(kind, open).open);
    EXPECT_FALSE(asked(kind, AccessList()).open);
    EXPECT_EQ(asked(kind, AccessList()).answer.status, Status::kProhibited);
  }
  EXPECT_EQ(asked(Kind::kTcp, open).open->protocol, config::Protocol::kTcp);
  EXPECT_EQ(asked(Kind::kUdp, open).open->protocol, config::Protocol::kUdp);
  EXPECT_EQ(asked(Kind::kEcho, open).open->protocol, config::Protocol::kPing);
  EXPECT_EQ(asked(Kind::kUdp, open).open->target, kTarget);
  EXPECT_EQ(asked(Kind::kEcho, open).open->target, net::Endpoint(kTarget.address, 0)) << "a ping has no port";
  EXPECT_FALSE(asked(Kind::kWouldAllow, open).open);
  EXPECT_EQ(asked(Kind::kWouldAllow, open).answer.status, Status::kOk);
  EXPECT_EQ(asked(Kind::kWouldAllow, AccessList()).answer.status, Status::kProhibited);
  const Decision lacking = asked(Kind::kEcho, open, kAll & ~wire::kFeatureEcho);
  EXPECT_EQ(lacking.answer.status, Status::kUnsupported);
  EXPECT_EQ(lacking.answer.versions, wire::Versions(1, 1));
  EXPECT_EQ(lacking.answer.features, kAll & ~wire::kFeatureEcho);
  EXPECT_EQ(decide(std::unexpected(Status::kMalformed), 1000, open, kAll, 10s).answer.status, Status::kMalformed);
  EXPECT_EQ(decide(std::unexpected(Status::kUnsupported), 1000, open, kAll, 10s).answer.features, kAll);
}

TEST(Decision, WouldAllowGoesByTheKindItIsAbout) {
  const AccessList udp({{std::nullopt, {*net::Prefix::parse("10.0.32.0/24")}, {}, {config::Protocol::kUdp}}}, {});
  const auto about = [&](std::optional<Kind> kind) {
    const Request request{.kind = Kind::kWouldAllow, .target = kTarget, .about = kind};
    return decide(request, 1000, udp, wire::kFeatureTcp | wire::kFeatureUdp, 10s).answer.status;
  };
  EXPECT_EQ(about(std::nullopt), Status::kProhibited);
  EXPECT_EQ(about(Kind::kTcp), Status::kProhibited);
  EXPECT_EQ(about(Kind::kUdp), Status::kOk);
  EXPECT_EQ(about(Kind::kEcho), Status::kUnsupported);
}

TEST(Decision, GivesTheClientsAddressWhereTheListSaysSo) {
  const AccessList list({{std::nullopt,
                          {*net::Prefix::parse("10.0.32.0/24")},
                          {},
                          {},
                          config::Source::kClient,
                          {*net::Prefix::parse("10.0.31.0/24")}}},
                        {});
  const auto asked = [&](Kind kind, std::optional<net::Endpoint> client) {
    return decide(Request{.kind = kind, .target = kTarget, .client = client}, 1000, list, kAll, 10s);
  };
  const auto client = net::Endpoint::parse("10.0.31.2:40000");
  EXPECT_EQ(asked(Kind::kTcp, client).open.value().source, client);
  EXPECT_EQ(asked(Kind::kUdp, client).open.value().source, client);
  EXPECT_EQ(asked(Kind::kEcho, client).open.value().source, net::Endpoint(client->address, 0));
  const auto other = net::Endpoint::parse("10.0.33.2:40000");
  EXPECT_EQ(asked(Kind::kTcp, other).answer.status, Status::kProhibited);
  EXPECT_TRUE(asked(Kind::kTcp, other).is_about_the_client);
  EXPECT_EQ(asked(Kind::kTcp, std::nullopt).answer.status, Status::kProhibited);
  EXPECT_EQ(asked(Kind::kWouldAllow, client).answer.status, Status::kOk);
  EXPECT_EQ(asked(Kind::kWouldAllow, other).answer.status, Status::kProhibited);
  EXPECT_EQ(asked(Kind::kWouldAllow, std::nullopt).answer.status, Status::kOk) << "for whom was not asked";
  EXPECT_FALSE(decide(Request{.kind = Kind::kTcp, .target = kTarget}, 1000, AccessList(), kAll, 10s).is_about_the_client);
}

TEST(Decision, TakesTheShorterDeadline) {
  const AccessList open({{std::nullopt, {*net::Prefix::parse("10.0.32.0/24")}, {}}}, {});
  const auto deadline = [&](std::optional<std::chrono::milliseconds> wish) {
    const Request request{.kind = Kind::kTcp, .target = kTarget, .deadline = wish};
    return decide(request, 1000, open, wire::kFeatureTcp, 10s).open.value().deadline;
  };
  EXPECT_EQ(deadline({}), 10s);
  EXPECT_EQ(deadline(3s), 3s);
  EXPECT_EQ(deadline(30s), 10s);
  EXPECT_EQ(deadline(0s), 1ms);
}

TEST(FlowMachine, ClosesWhenBothHalvesHaveEnded) {
  FlowMachine up_first;
  EXPECT_EQ(up_first.up_ended(), Step{});
  EXPECT_EQ(up_first.down_ended(), (Step{Action::kClose, Outcome::kFinished}));
  FlowMachine down_first;
  EXPECT_EQ(down_first.down_ended(), Step{});
  EXPECT_EQ(down_first.up_ended(), (Step{Action::kClose, Outcome::kFinished}));
}

TEST(FlowMachine, TakesAChannelThatEndsForBrokenUnlessThatHalfHasEnded) {
  const Step broken = {Action::kAbort, Outcome::kChannelBroken};
  FlowMachine machine;
  EXPECT_EQ(machine.channel_half_closed(), broken);
  EXPECT_EQ(machine.channel_gone(), broken);
  (void)machine.up_ended();
  EXPECT_EQ(machine.channel_half_closed(), Step{});
  EXPECT_EQ(machine.channel_gone(), broken);
  FlowMachine down_ended;
  (void)down_ended.down_ended();
  EXPECT_EQ(down_ended.channel_half_closed(), broken);
  EXPECT_EQ(down_ended.channel_gone(), Step{}) << "what is left to read may still end well";
}

TEST(FlowMachine, TellsTheChannelWhyUnlessItKnows) {
  const FlowMachine machine;
  EXPECT_EQ(machine.reset_frame().action, Action::kAbort);
  EXPECT_EQ(machine.protocol_error(), (Step{Action::kTell, Outcome::kProtocolError, Status::kMalformed}));
  EXPECT_EQ(machine.target_failed(Status::kPeerReset), (Step{Action::kTell, Outcome::kTargetReset, Status::kPeerReset}));
  EXPECT_EQ(machine.shut_down().reason, Status::kShuttingDown);
}

TEST(ErrnoStatus, IsExact) {
  EXPECT_EQ(connect_status(ECONNREFUSED), Status::kRefused);
  EXPECT_EQ(connect_status(EHOSTUNREACH), Status::kHostUnreachable);
  EXPECT_EQ(connect_status(ENETUNREACH), Status::kNetworkUnreachable);
  EXPECT_EQ(connect_status(ETIMEDOUT), Status::kTimedOut);
  EXPECT_EQ(connect_status(EACCES), Status::kProhibited);
  EXPECT_EQ(connect_status(EPERM), Status::kProhibited);
  EXPECT_EQ(connect_status(EMFILE), Status::kLimit);
  EXPECT_EQ(connect_status(EADDRNOTAVAIL), Status::kLimit);
  EXPECT_EQ(connect_status(EINVAL), Status::kFailed);
  EXPECT_EQ(reset_status(ECONNRESET), Status::kPeerReset);
  EXPECT_EQ(reset_status(EPIPE), Status::kPeerReset);
  EXPECT_EQ(reset_status(ETIMEDOUT), Status::kTimedOut);
}

TEST(IcmpStatus, IsWhatTheErrorMeans) {
  // RFC 792 and RFC 1812: type 3.
  const std::optional<Status> unreachable[] = {Status::kNetworkUnreachable, Status::kHostUnreachable, Status::kFailed,
                                               Status::kRefused,            std::nullopt,             Status::kFailed,
                                               Status::kNetworkUnreachable, Status::kHostUnreachable, Status::kHostUnreachable,
                                               Status::kProhibited,         Status::kProhibited,      Status::kNetworkUnreachable,
                                               Status::kHostUnreachable,    Status::kProhibited,      Status::kProhibited,
                                               Status::kProhibited,         Status::kFailed};
  for (std::uint8_t code = 0; code < std::size(unreachable); ++code) EXPECT_EQ(icmp_status(3, code), unreachable[code]) << int{code};
  EXPECT_EQ(icmp_status(11, 0), Status::kHostUnreachable);
  EXPECT_EQ(icmp_status(4, 0), std::nullopt);
  // RFC 4443: type 1.
  const std::optional<Status> six[] = {Status::kNetworkUnreachable, Status::kProhibited, Status::kHostUnreachable, Status::kHostUnreachable,
                                       Status::kRefused,            Status::kProhibited, Status::kProhibited,      Status::kFailed};
  for (std::uint8_t code = 0; code < std::size(six); ++code) EXPECT_EQ(icmp6_status(1, code), six[code]) << int{code};
  EXPECT_EQ(icmp6_status(2, 0), std::nullopt) << "too big";
  EXPECT_EQ(icmp6_status(3, 0), Status::kHostUnreachable);
}

TEST(EchoBook, GivesATokenBackOnceAndNotTooLate) {
  EchoBook book;
  const EchoBook::Clock::time_point start{};
  const std::uint16_t first = book.enter(1001, start);
  const std::uint16_t second = book.enter(1002, start);
  EXPECT_NE(first, second);
  EXPECT_EQ(book.take(second, start + 9s), 1002u);
  EXPECT_EQ(book.take(second, start + 9s), std::nullopt);
  EXPECT_EQ(book.take(first, start + 11s), std::nullopt);
  EXPECT_EQ(book.take(60'000, start), std::nullopt);
}

TEST(EchoBook, MakesRoomAndWrapsAround) {
  EchoBook book;
  const EchoBook::Clock::time_point now{};
  const std::uint16_t oldest = book.enter(1, now);
  for (std::uint32_t i = 0; i < EchoBook::kMost; ++i) (void)book.enter(2 + i, now);
  EXPECT_EQ(book.take(oldest, now), std::nullopt);
  EXPECT_EQ(book.take(static_cast<std::uint16_t>(oldest + 1), now), 2u);
  for (std::uint32_t i = 0; i < 70'000; ++i) ASSERT_EQ(book.take(book.enter(i, now), now), i);
}

TEST(Census, HoldsEveryLimitAndForgetsWhoLeft) {
  using Verdict = Census::Verdict;
  Census census({.flows = 3, .flows_per_account = 2, .spares_per_account = 2, .pipes = 1});
  EXPECT_EQ(census.spare_came(1), Verdict::kOk);
  EXPECT_EQ(census.spare_came(1), Verdict::kOk);
  EXPECT_EQ(census.spare_came(1), Verdict::kTooManySpares);
  EXPECT_EQ(census.spare_came(2), Verdict::kOk);
  EXPECT_EQ(census.spare_came(3), Verdict::kTooManyOfAllSpares) << "all accounts' together";
  EXPECT_EQ(census.promote(1), Verdict::kOk);
  EXPECT_EQ(census.promote(1), Verdict::kOk);
  EXPECT_EQ(census.spare_came(1), Verdict::kOk);
  EXPECT_EQ(census.promote(1), Verdict::kTooManyOfAccount);
  EXPECT_EQ(census.promote(2), Verdict::kOk);
  EXPECT_EQ(census.spare_came(2), Verdict::kOk);
  EXPECT_EQ(census.promote(2), Verdict::kTooManyFlows);
  census.flow_left(1);
  EXPECT_EQ(census.promote(2), Verdict::kOk);
  for (int i = 0; i < 2; ++i) census.flow_left(2);
  census.flow_left(1);
  census.spare_left(1);
  EXPECT_EQ(census.flows() + census.spares(), 0u);
}

Settings full_settings() {
  Settings settings;
  settings.rules = {{1001, {*net::Prefix::parse("10.0.32.0/24"), *net::Prefix::parse("fd00:32::/64")}, {{22, 22}, {80, 90}}},
                    {std::nullopt, {*net::Prefix::parse("0.0.0.0/0")}, {}, {config::Protocol::kUdp, config::Protocol::kPing},
                     config::Source::kClient, {*net::Prefix::parse("10.0.31.0/24"), *net::Prefix::parse("fd00:31::/64")}}};
  settings.wan_addresses = {*net::Address::parse("203.0.113.7"), *net::Address::parse("2001:db8::7")};
  settings.accounts = {{0, "root"}, {1001, "dvpn"}};
  settings.limits = {.flows = 1, .flows_per_account = 2, .spares_per_account = 3, .pipes = 4};
  settings.connect_timeout = 5ms;
  settings.request_timeout = 6ms;
  settings.spare_timeout = 7ms;
  settings.udp_timeout = 9ms;
  settings.heartbeat = 8ms;
  settings.log_level = LogLevel::kDebug;
  return settings;
}

TEST(Message, HandsSettingsOver) {
  const std::string encoded = encode_settings(full_settings());
  EXPECT_EQ(decode_settings(encoded), full_settings());
  EXPECT_EQ(decode_settings(encode_settings(Settings())), Settings());
  for (std::size_t size = 0; size < encoded.size(); ++size)
    EXPECT_FALSE(decode_settings(std::string_view(encoded).substr(0, size))) << size;
  EXPECT_FALSE(decode_settings(encoded + "x"));
}

TEST(Message, ComesWholeHoweverItIsCut) {
  const std::string stream = encode_message(MessageKind::kSettings, "body") + encode_message(MessageKind::kDrain);
  MessageReader reader;
  std::string seen;
  for (const char c : stream) {
    reader.feed({&c, 1});
    const auto message = reader.next();
    ASSERT_TRUE(message);
    if (*message) seen += std::to_string(static_cast<int>((*message)->kind)) + (*message)->body + ";";
  }
  EXPECT_EQ(seen, "1body;2;");
  reader.feed("\x63\0\0\0\0 nonsense");
  reader.feed(std::string(8, '\0'));
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace dvpn::relay
