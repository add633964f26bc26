// SPDX-License-Identifier: GPL-2.0-or-later
// UDP through a relay with real sockets: what arrives, what is dropped, what errors become, and how a flow ends.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <set>
#include <stop_token>
#include <thread>

#include "relay_harness.h"
#include "wire/datagram.h"

namespace dvpn::relay::test {
namespace {

using namespace std::chrono_literals;
using config::Protocol;
using wire::FrameType;
using wire::Kind;
using wire::Status;

class Udp : public testing::TestWithParam<const char*> {
 protected:
  std::string_view loopback() const { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(Families, Udp, testing::Values("127.0.0.1", "::1"),
                         [](const auto& each) { return std::string(each.param) == "::1" ? "IPv6" : "IPv4"; });

std::string framed(std::string_view payload) {
  const auto header = wire::encode_frame_header(FrameType::kDatagram, static_cast<std::uint32_t>(payload.size()));
  return std::string(header.data(), header.size()).append(payload);
}

std::optional<Status> answer_to(const Caller& caller, const wire::Request& request) {
  if (!caller.ask(request)) return std::nullopt;
  const auto answer = caller.answer();
  return answer ? std::optional(answer->status) : std::nullopt;
}

bool is_frame(const std::optional<Caller::Frame>& frame, FrameType type, std::string_view payload) {
  return frame && frame->type == type && frame->payload == payload;
}

bool is_unreachable(const std::optional<Caller::Frame>& frame, Status reason) {
  return is_frame(frame, FrameType::kUnreachable, std::string(1, static_cast<char>(reason)));
}

/// What comes up to the end of the channel, after it was drained of nothing: it must be closed.
bool is_closed(const Caller& caller) {
  const auto rest = read_rest(caller.fd());
  return rest && rest->bytes.empty();
}

TEST_P(Udp, KeepsDatagramsApartBothWays) {
  const UdpTarget target(loopback());
  const TestRelay relay;
  const Caller caller = relay.call_for(Kind::kUdp, target.endpoint());
  const std::size_t longest = loopback() == "::1" ? 65'527 : 65'507;
  for (const std::size_t size : {std::size_t{5}, std::size_t{0}, std::size_t{1200}, longest, std::size_t{0}, std::size_t{1}}) {
    const std::string up = noise(size, 1);
    ASSERT_TRUE(caller.send_datagram(up));
    const auto came = target.receive();
    ASSERT_TRUE(came) << size;
    EXPECT_TRUE(came->payload == up) << size;
    const std::string down = noise(size, 2);
    ASSERT_TRUE(target.send(down, came->from));
    EXPECT_TRUE(is_frame(caller.frame(), FrameType::kDatagram, down)) << size;
  }
}

TEST_P(Udp, SaysItsOwnAddress) {
  const UdpTarget target(loopback());
  const TestRelay relay;
  const Caller caller = relay.call();
  ASSERT_TRUE(caller.ask({.kind = Kind::kUdp, .target = target.endpoint()}) && caller.send_datagram("x"));
  const auto answer = caller.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, Status::kOk);
  EXPECT_EQ(answer->local, target.receive()->from);
}

TEST_P(Udp, NeedNotWaitForTheAnswerAndMayComeInPieces) {
  const UdpTarget target(loopback());
  const TestRelay relay;
  const Caller caller = relay.call();
  const std::string request = wire::encode(wire::Request{.kind = Kind::kUdp, .target = target.endpoint()});
  for (const char c : request + framed("one") + framed("") + framed("three")) {
    ASSERT_TRUE(caller.send({&c, 1}));
    std::this_thread::yield();
  }
  EXPECT_EQ(target.receive()->payload, "one");
  EXPECT_EQ(target.receive()->payload, "");
  EXPECT_EQ(target.receive()->payload, "three");
}

/// A datagram that meets no listener is answered with the port's error; the next one after somebody listens arrives.
TEST_P(Udp, AClosedPortIsToldAndTheFlowGoesOn) {
  const net::Endpoint there = UdpTarget(loopback()).endpoint();
  const TestRelay relay;
  const Caller caller = relay.call_for(Kind::kUdp, there);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(caller.send_datagram("anybody?"));
    EXPECT_TRUE(is_unreachable(caller.frame(), Status::kRefused));
  }
  const UdpTarget target(loopback(), there.port);
  ASSERT_TRUE(caller.send_datagram("now?"));
  const auto came = target.receive();
  ASSERT_TRUE(came);
  ASSERT_TRUE(target.send("yes", came->from));
  EXPECT_TRUE(is_frame(caller.frame(), FrameType::kDatagram, "yes"));
}

/// The error of one datagram is known by the time that the next goes out, and does not take its place.
TEST_P(Udp, EachOfSeveralDatagramsHasItsOwnError) {
  const net::Endpoint there = UdpTarget(loopback()).endpoint();
  const TestRelay relay;
  const Caller caller = relay.call_for(Kind::kUdp, there);
  ASSERT_TRUE(caller.send(framed("one") + framed("two") + framed("three") + framed("four")));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(is_unreachable(caller.frame(), Status::kRefused)) << i;
}

TEST_P(Udp, TakesNothingFromElsewhere) {
  const UdpTarget target(loopback());
  const UdpTarget stranger(loopback());
  const TestRelay relay;
  const Caller caller = relay.call_for(Kind::kUdp, target.endpoint());
  ASSERT_TRUE(caller.send_datagram("hello"));
  const auto came = target.receive();
  ASSERT_TRUE(came);
  (void)stranger.send("forged", came->from);
  ASSERT_TRUE(target.send("true", came->from));
  EXPECT_TRUE(is_frame(caller.frame(), FrameType::kDatagram, "true"));
}

TEST_P(Udp, GoesByTheAccessList) {
  const UdpTarget target(loopback());
  Settings settings = open_settings();
  settings.rules[0].protocols = {Protocol::kTcp};
  const TestRelay relay(settings);
  EXPECT_EQ(answer_to(relay.call(), {.kind = Kind::kUdp, .target = target.endpoint()}), Status::kProhibited);
  settings.rules[0] = {std::nullopt, settings.rules[0].to, {{target.endpoint().port, target.endpoint().port}}, {Protocol::kUdp}};
  relay.apply(settings);
  EXPECT_EQ(answer_to(relay.call(), {.kind = Kind::kUdp, .target = target.endpoint()}), Status::kOk);
  const net::Endpoint other = {target.endpoint().address, static_cast<net::Port>(target.endpoint().port ^ 1)};
  EXPECT_EQ(answer_to(relay.call(), {.kind = Kind::kUdp, .target = other}), Status::kProhibited);
  EXPECT_EQ(answer_to(relay.call(), {.kind = Kind::kWouldAllow, .target = other, .about = Kind::kUdp}), Status::kProhibited);
}

TEST_P(Udp, DropsWhatIsLongerThanUdpCanBe) {
  const UdpTarget target(loopback());
  const TestRelay relay;
  const Caller caller = relay.call_for(Kind::kUdp, target.endpoint());
  ASSERT_TRUE(caller.send_datagram(noise(65'535, 1)) && caller.send_datagram("next"));
  EXPECT_EQ(target.receive()->payload, "next");
}

/// 20,000 questions of 1,200 bytes, 32 at a time: each is answered, once.
TEST(UdpFlow, CarriesAStreamOfDatagrams) {
  constexpr std::uint32_t kMany = 20'000;
  const UdpTarget target;
  const TestRelay relay;
  const Caller caller = relay.call_for(Kind::kUdp, target.endpoint());
  std::jthread echo([&] {
    for (std::uint32_t i = 0; i < kMany; ++i) {
      const auto came = target.receive();
      if (!came || !target.send(came->payload, came->from)) return;
    }
  });
  std::set<std::string> out;
  std::uint32_t sent = 0;
  std::uint32_t answered = 0;
  while (answered < kMany) {
    for (; sent < kMany && sent < answered + 32; ++sent) {
      const std::string question = noise(1200, sent);
      ASSERT_TRUE(caller.send_datagram(question));
      out.insert(question);
    }
    const auto frame = caller.frame();
    ASSERT_TRUE(frame);
    ASSERT_EQ(frame->type, FrameType::kDatagram);
    ASSERT_EQ(out.erase(frame->payload), 1u);
    ++answered;
  }
}

/// A gateway that does not read, and a target that does not stop: what is held stays little, what does arrive is whole,
/// and other flows do not notice.
TEST(UdpFlow, DropsBehindASlowChannel) {
  constexpr int kMany = 20'000;
  constexpr std::size_t kSize = 8000;
  const UdpTarget target;
  const UdpTarget other_target;
  const TestRelay relay;
  const Caller slow = relay.call_for(Kind::kUdp, target.endpoint());
  const Caller other = relay.call_for(Kind::kUdp, other_target.endpoint());
  ASSERT_TRUE(slow.send_datagram("begin") && other.send_datagram("begin"));
  const auto from = target.receive()->from;
  const auto other_from = other_target.receive()->from;
  const auto numbered = [](int number) { return std::to_string(number) + " " + std::string(kSize, 'x'); };
  for (int i = 0; i < kMany; ++i) {
    ASSERT_TRUE(target.send(numbered(i), from));
    if (i % 1000 != 0) continue;
    ASSERT_TRUE(other_target.send("in between", other_from));
    EXPECT_TRUE(is_frame(other.frame(), FrameType::kDatagram, "in between"));
  }
  const std::jthread last_words([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      (void)target.send(numbered(kMany), from);  // until there is room again
      std::this_thread::sleep_for(5ms);
    }
  });
  int count = 0;
  for (int last = -1; last != kMany; ++count) {
    const auto frame = slow.frame();
    ASSERT_TRUE(frame);
    ASSERT_EQ(frame->type, FrameType::kDatagram);
    const int number = std::atoi(frame->payload.c_str());
    ASSERT_GT(number, last);
    ASSERT_EQ(frame->payload, numbered(number));
    last = number;
  }
  EXPECT_LT(count, 1000) << "that would be 8 MB held";
  EXPECT_GT(count, 10);
}

TEST(UdpFlow, EndsWhenItIsIdleAndNotBefore) {
  Settings settings = open_settings();
  settings.udp_timeout = 300ms;
  const UdpTarget target;
  const TestRelay relay(settings);
  const Caller caller = relay.call_for(Kind::kUdp, target.endpoint());
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 900ms) {
    ASSERT_TRUE(caller.send_datagram("still here"));
    ASSERT_TRUE(target.receive());
    std::this_thread::sleep_for(100ms);  // shorter than the timeout: that is what is tried
  }
  const auto last = std::chrono::steady_clock::now();
  EXPECT_TRUE(is_frame(caller.frame(), FrameType::kEnd, ""));
  EXPECT_GE(std::chrono::steady_clock::now() - last, 150ms);
  EXPECT_TRUE(is_closed(caller));
}

TEST(UdpFlow, EndsAndLeavesNothingBehind) {
  const UdpTarget target;
  const TestRelay relay;
  (void)relay.call_for(Kind::kUdp, target.endpoint());
  ASSERT_TRUE(eventually([before = open_descriptors()] { return open_descriptors() <= before; }));
  const auto open = [&] { return relay.call_for(Kind::kUdp, target.endpoint()); };
  std::size_t before = 0;
  ASSERT_TRUE(eventually([&] {
    const std::size_t now = open_descriptors();
    return std::exchange(before, now) == now;
  }));
  const Caller ended = open();
  ASSERT_TRUE(ended.send(wire::encode_end()));
  EXPECT_TRUE(is_closed(ended));
  const Caller reset = open();
  ASSERT_TRUE(reset.send(wire::encode_reset(Status::kPeerReset)));
  EXPECT_TRUE(is_closed(reset));
  const Caller broken = open();
  broken.finish_writing();
  EXPECT_TRUE(is_closed(broken));
  { const Caller gone = open(); }
  // Left are the three ends in this test.
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before + 3; })) << open_descriptors() << " " << before;
}

TEST(UdpFlow, AChannelTakesAnotherRequestWhenAsked) {
  const UdpTarget one;
  const UdpTarget other;
  const Target stream;
  const TestRelay relay;
  const Caller caller = relay.call();
  for (const UdpTarget* target : {&one, &other, &one}) {
    EXPECT_EQ(answer_to(caller, {.kind = Kind::kUdp, .target = target->endpoint(), .again = true}), Status::kOk);
    ASSERT_TRUE(caller.send_datagram("question"));
    const auto came = target->receive();
    ASSERT_TRUE(came && target->send("answer", came->from));
    EXPECT_TRUE(is_frame(caller.frame(), FrameType::kDatagram, "answer"));
    ASSERT_TRUE(caller.send(wire::encode_end()));
    EXPECT_TRUE(is_frame(caller.frame(), FrameType::kReady, ""));
  }
  EXPECT_EQ(answer_to(caller, {.kind = Kind::kTcp, .target = stream.endpoint(), .again = true}), Status::kOk);
  UniqueFd far = stream.accept();
  far.reset();
  EXPECT_TRUE(is_frame(caller.frame(), FrameType::kEnd, ""));
  ASSERT_TRUE(caller.send(wire::encode_end()));
  EXPECT_TRUE(is_frame(caller.frame(), FrameType::kReady, ""));
  // Who goes on before it is ready has lost its place.
  EXPECT_EQ(answer_to(caller, {.kind = Kind::kUdp, .target = one.endpoint(), .again = true}), Status::kOk);
  ASSERT_TRUE(caller.send(wire::encode_end() + wire::encode(wire::Request{})));
  EXPECT_TRUE(is_frame(caller.frame(), FrameType::kReset, std::string(1, static_cast<char>(Status::kMalformed))));
  EXPECT_TRUE(is_closed(caller));
}

/// What was written before the channel closed is passed on.
TEST(UdpFlow, WhatCameBeforeTheEndArrives) {
  const UdpTarget target;
  const TestRelay relay;
  for (const bool in_order : {true, false}) {
    const Caller caller = relay.call();
    ASSERT_TRUE(caller.ask({.kind = Kind::kUdp, .target = target.endpoint()}));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(caller.send_datagram(std::to_string(i)));
    if (in_order) {
      ASSERT_TRUE(caller.send(wire::encode_end()));
    }
    caller.finish_writing();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(target.receive()->payload, std::to_string(i));
  }
}

TEST(UdpFlow, BreachesOfTheProtocolAreReset) {
  const UdpTarget target;
  const TestRelay relay;
  for (const std::string& breach : {std::string("\x00\x00\x00\x01x", 5), std::string("\x03\x01\x00\x00", 4)}) {
    const Caller caller = relay.call_for(Kind::kUdp, target.endpoint());
    ASSERT_TRUE(caller.send(breach));
    EXPECT_TRUE(is_frame(caller.frame(), FrameType::kReset, std::string(1, static_cast<char>(Status::kMalformed))));
    EXPECT_TRUE(is_closed(caller));
  }
}

TEST(UdpFlow, DoesNotHoldUpTheEndOfTheRelay) {
  const UdpTarget target;
  const Target stream;
  const TestRelay relay;
  const Caller udp = relay.call_for(Kind::kUdp, target.endpoint());
  const Caller tcp = relay.call_tcp(stream.endpoint());
  UniqueFd far = stream.accept();
  relay.drain();
  EXPECT_TRUE(eventually([&] { return relay.call().fd() < 0; }));
  ASSERT_TRUE(udp.send_datagram("as long as the other lasts"));
  EXPECT_TRUE(target.receive());
  ASSERT_TRUE(tcp.send(wire::encode_end()));
  far.reset();
  EXPECT_TRUE(is_frame(udp.frame(), FrameType::kReset, std::string(1, static_cast<char>(Status::kShuttingDown))));
  EXPECT_TRUE(relay.ended());
}

/// Cut datagrams in so many flows that collecting all of them would take more than the relay holds: some are dropped,
/// the others arrive.
TEST(UdpFlow, CollectsNoMoreThanTheRelayMayHold) {
  constexpr int kFlows = 1200;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 4 * kFlows) GTEST_SKIP() << "needs more descriptors";
  const UdpTarget target;
  const int room = 64 << 20;
  (void)::setsockopt(target.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  Settings settings = open_settings();
  settings.limits.spares_per_account = kFlows;
  const TestRelay relay(settings);
  std::vector<Caller> callers;
  const std::string payload = noise(65'000, 1);
  const std::string frame = framed(payload);
  for (int i = 0; i < kFlows; ++i) {
    callers.push_back(relay.call_for(Kind::kUdp, target.endpoint()));
    ASSERT_TRUE(callers.back().send(frame.substr(0, frame.size() - 1)));
  }
  int arrived = 0;
  for (const Caller& caller : callers) {
    ASSERT_TRUE(caller.send(frame.substr(frame.size() - 1)) && caller.send_datagram("mark"));
    auto came = target.receive();
    ASSERT_TRUE(came);
    if (came->payload == "mark") continue;
    EXPECT_TRUE(came->payload == payload);
    ++arrived;
    EXPECT_EQ(target.receive()->payload, "mark");
  }
  EXPECT_GT(arrived, 900);
  EXPECT_LT(arrived, 1100);
}

}  // namespace
}  // namespace dvpn::relay::test
