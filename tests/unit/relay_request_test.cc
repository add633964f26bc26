// SPDX-License-Identifier: GPL-2.0-or-later
// Requests to a relay with real sockets: what is answered, limits, reload and drain.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "relay_harness.h"

namespace dvpn::relay::test {
namespace {

using namespace std::chrono_literals;
using wire::FrameType;
using wire::Kind;
using wire::Request;
using wire::Status;

std::optional<Status> status_of(const Caller& caller) {
  const auto answer = caller.answer();
  return answer ? std::optional(answer->status) : std::nullopt;
}

/// The relay closed: nothing more comes.
bool is_closed(const Caller& caller) {
  const auto rest = read_rest(caller.fd());
  return rest && rest->bytes.empty();
}

/// A port on loopback that nobody listens on.
net::Endpoint closed_port(std::string_view address = "127.0.0.1") { return Target(address).endpoint(); }

TEST(Request, HelloSaysWhatTheRelayIs) {
  const TestRelay relay;
  const Caller caller = relay.call();
  ASSERT_TRUE(caller.send(wire::encode(Request{})));
  const auto answer = caller.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, Status::kOk);
  EXPECT_EQ(answer->versions, wire::Versions(1, 1));
  // (whether it can ping depends on the machine: relay_ping_test)
  EXPECT_EQ(*answer->features & ~wire::kFeatureEcho, wire::kFeatureTcp | wire::kFeatureUdp | wire::kFeatureWouldAllow);
  EXPECT_TRUE(is_closed(caller));
}

TEST(Request, MayComeAByteAtATime) {
  const Target target;
  const TestRelay relay;
  const Caller caller = relay.call();
  for (const char c : wire::encode(Request{.kind = Kind::kTcp, .target = target.endpoint()})) {
    ASSERT_TRUE(caller.send({&c, 1}));
    std::this_thread::yield();
  }
  EXPECT_EQ(status_of(caller), Status::kOk);
}

TEST(Request, WouldAllowConnectsToNothing) {
  const TestRelay relay;
  const auto ask = [&](const net::Endpoint& target) {
    const Caller caller = relay.call();
    EXPECT_TRUE(caller.send(wire::encode(Request{.kind = Kind::kWouldAllow, .target = target})));
    return status_of(caller);
  };
  EXPECT_EQ(ask(closed_port()), Status::kOk);
  EXPECT_EQ(ask(*net::Endpoint::parse("10.0.32.5:80")), Status::kProhibited);
}

TEST(Request, WrongOnesAreAnsweredAndClosed) {
  const TestRelay relay;
  const std::string target("\x81\x06\x7f\0\0\x01\0\x50", 8);
  const std::pair<std::string, Status> cases[] = {
      {std::string("\x01\x02\x04\x01", 4), Status::kMalformed},                           // longer than allowed
      {std::string("\x01\x02\xff\xff", 4) + std::string(2000, 'x'), Status::kMalformed},  // and sent as well
      {std::string("\x01\x02\0\x02\x81\x06", 6), Status::kMalformed},
      {std::string("\x01\x02\0\0", 4), Status::kMalformed},
      {std::string("\x02\x02\0\x08", 4) + target, Status::kUnsupported},
      {std::string("\x01\x07\0\x08", 4) + target, Status::kUnsupported},
      {std::string("\x01\x02\0\x0a\xff\0", 6) + target, Status::kUnsupported},
      {"GET / HTTP/1.1\r\n\r\n", Status::kUnsupported},
  };
  for (const auto& [bytes, status] : cases) {
    const Caller caller = relay.call();
    ASSERT_TRUE(caller.send(bytes));
    EXPECT_EQ(status_of(caller), status) << bytes;
    EXPECT_TRUE(is_closed(caller));
  }
}

TEST(Request, SaysExactlyWhyNot) {
  const TestRelay relay;
  const auto ask = [&](const net::Endpoint& target) {
    const Caller caller = relay.call();
    EXPECT_TRUE(caller.ask_tcp(target));
    return status_of(caller);
  };
  EXPECT_EQ(ask(closed_port()), Status::kRefused);
  EXPECT_EQ(ask(closed_port("::1")), Status::kRefused);
  EXPECT_EQ(ask(*net::Endpoint::parse("10.0.32.5:80")), Status::kProhibited);
  EXPECT_EQ(ask(*net::Endpoint::parse("[ff02::1]:80")), Status::kProhibited);
}

/// In a network namespace of its own, with routes that say no.
TEST(Request, SaysWhatTheRoutesSay) {
  const bool is_root = in_own_network([] {
    shell("ip route add unreachable 10.1.0.0/16 && ip route add prohibit 10.2.0.0/16 &&"
          " ip -6 route add unreachable fd00:1::/64");
    Settings settings = open_settings();
    settings.rules[0].to = {*net::Prefix::parse("10.0.0.0/8"), *net::Prefix::parse("fd00:1::/64")};
    const TestRelay relay(settings);
    for (const Kind kind : {Kind::kTcp, Kind::kUdp}) {
      const auto ask = [&](const char* target) {
        const Caller caller = relay.call();
        EXPECT_TRUE(caller.ask({.kind = kind, .target = net::Endpoint::parse(target)}));
        return status_of(caller);
      };
      EXPECT_EQ(ask("10.1.0.1:80"), Status::kHostUnreachable);
      EXPECT_EQ(ask("[fd00:1::1]:80"), Status::kHostUnreachable);
      EXPECT_EQ(ask("10.2.0.1:80"), Status::kProhibited);
      EXPECT_EQ(ask("10.3.0.1:80"), Status::kNetworkUnreachable);
    }
  });
  if (!is_root) GTEST_SKIP() << "needs root";
}

/// A listener whose queue is full answers no SYN: the deadline decides.
TEST(Request, ASilentTargetTimesOutWithinItsDeadline) {
  const Target target;
  ASSERT_EQ(::listen(target.fd(), 0), 0);
  std::vector<UniqueFd> filling;
  sockaddr_storage storage;
  const socklen_t size = target.endpoint().to_sockaddr(storage);
  for (int i = 0; i < 4; ++i) {
    filling.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)::connect(filling.back().get(), reinterpret_cast<sockaddr*>(&storage), size);
  }
  const TestRelay relay;
  const Caller caller = relay.call();
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(caller.send(wire::encode(Request{.kind = Kind::kTcp, .target = target.endpoint(), .deadline = 300ms})));
  EXPECT_EQ(status_of(caller), Status::kTimedOut);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 3s);
}

TEST(Request, AnUnfinishedOneAndAnOldSpareAreClosed) {
  Settings settings = open_settings();
  settings.request_timeout = 100ms;
  settings.spare_timeout = 200ms;
  const TestRelay relay(settings);
  const Caller slow = relay.call();
  const Caller spare = relay.call();
  ASSERT_TRUE(slow.send("\x01"));
  EXPECT_EQ(status_of(slow), Status::kMalformed);
  EXPECT_TRUE(is_closed(slow));
  EXPECT_EQ(status_of(spare), Status::kLimit) << "whoever sends a request now learns that nothing was done";
  EXPECT_TRUE(is_closed(spare));
}

/// A flow from its request to both ends, `first` says who ends first; true if the relay was ready for another.
enum class First { kGateway, kTarget };
bool whole_flow(const Caller& caller, const Target& target, First first, std::string_view words) {
  const wire::Request request{.kind = wire::Kind::kTcp, .target = target.endpoint(), .again = true};
  EXPECT_TRUE(caller.send(wire::encode(request)));
  EXPECT_EQ(status_of(caller), Status::kOk);
  UniqueFd far = target.accept();
  EXPECT_TRUE(caller.send_data(words));
  EXPECT_EQ(read_exactly(far.get(), words.size()), words);
  EXPECT_TRUE(write_all(far.get(), words));
  if (first == First::kTarget) ::shutdown(far.get(), SHUT_WR);
  std::optional<Caller::Frame> last;
  if (first == First::kTarget) {
    EXPECT_EQ(caller.data(last), words);
    EXPECT_EQ(last->type, wire::FrameType::kEnd);
  }
  EXPECT_TRUE(caller.send(wire::encode_end()));
  EXPECT_EQ(read_rest(far.get())->bytes, "");
  far.reset();
  if (first == First::kGateway) {
    EXPECT_EQ(caller.data(last), words);
    EXPECT_EQ(last->type, wire::FrameType::kEnd);
  }
  const auto after = caller.frame();
  return after && after->type == wire::FrameType::kReady;
}

TEST(Again, AChannelCarriesOneFlowAfterTheOther) {
  const Target target;
  const TestRelay relay;
  const Caller caller = relay.call();
  for (int i = 0; i < 20; ++i) {
    const First first = i % 2 == 0 ? First::kGateway : First::kTarget;
    ASSERT_TRUE(whole_flow(caller, target, first, "flow " + std::to_string(i))) << i;
  }
}

TEST(Again, OneThatDidNotAskIsClosed) {
  const Target target;
  const TestRelay relay;
  const Caller caller = relay.call_tcp(target.endpoint());
  UniqueFd far = target.accept();
  ASSERT_TRUE(caller.send(wire::encode_end()));
  far.reset();
  EXPECT_EQ(caller.frame()->type, wire::FrameType::kEnd);
  EXPECT_FALSE(caller.frame());
}

TEST(Again, AResetTakesTheChannelWithIt) {
  const Target target;
  const TestRelay relay;
  const Caller caller = relay.call();
  ASSERT_TRUE(whole_flow(caller, target, First::kGateway, "one"));
  const wire::Request request{.kind = wire::Kind::kTcp, .target = target.endpoint(), .again = true};
  ASSERT_TRUE(caller.send(wire::encode(request)));
  ASSERT_EQ(status_of(caller), Status::kOk);
  UniqueFd far = target.accept();
  const linger reset = {1, 0};
  ::setsockopt(far.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  far.reset();
  EXPECT_EQ(caller.frame()->type, wire::FrameType::kReset);
  EXPECT_FALSE(caller.frame());
}

TEST(Again, WhatWaitsForARequestIsASpareAgain) {
  Settings settings = open_settings();
  settings.limits.spares_per_account = 1;
  const Target target;
  const TestRelay relay(settings);
  const Caller first = relay.call();
  ASSERT_TRUE(whole_flow(first, target, First::kGateway, "one"));
  const Caller second = relay.call();
  EXPECT_EQ(status_of(first), Status::kLimit);
  EXPECT_TRUE(whole_flow(second, target, First::kTarget, "two"));
}

TEST(Limit, OfFlowsIsAnswered) {
  Settings settings = open_settings();
  settings.limits.flows_per_account = 2;
  const Target target;
  const TestRelay relay(settings);
  Caller first = relay.call_tcp(target.endpoint());
  const Caller second = relay.call_tcp(target.endpoint());
  const Caller third = relay.call();
  ASSERT_TRUE(third.ask_tcp(target.endpoint()));
  const auto no = third.answer();
  ASSERT_TRUE(no);
  EXPECT_EQ(*no, (wire::Answer{.status = Status::kLimit, .limit = wire::Limit::kFlowsPerAccount}));
  first.close();
  EXPECT_TRUE(eventually([&] {
    const Caller again = relay.call();
    return again.ask_tcp(target.endpoint()) && status_of(again) == Status::kOk;
  }));
}

TEST(Limit, OfSparesTurnsTheOldestAway) {
  Settings settings = open_settings();
  settings.limits.spares_per_account = 2;
  const Target target;
  const TestRelay relay(settings);
  const Caller first = relay.call();
  const Caller second = relay.call();
  const Caller third = relay.call();
  EXPECT_EQ(status_of(first), Status::kLimit);
  EXPECT_TRUE(is_closed(first));
  ASSERT_TRUE(second.ask_tcp(target.endpoint()));
  EXPECT_EQ(status_of(second), Status::kOk) << "a spare that begins makes room for another";
  const Caller fourth = relay.call();
  for (const Caller* const caller : {&third, &fourth}) {
    ASSERT_TRUE(caller->ask_tcp(target.endpoint()));
    EXPECT_EQ(status_of(*caller), Status::kOk);
  }
}

/// Nobody in this process gets another descriptor for as long as it lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &old_);
    rlimit low = old_;
    low.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &old_); }

 private:
  rlimit old_{};
};

TEST(Limit, OutOfDescriptorsItWaitsAndGoesOn) {
  const Target target;
  const TestRelay relay;
  std::vector<Caller> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back(unix_socket());
  rusage before{};
  rusage after{};
  {
    const NoMoreDescriptors none;
    for (const Caller& caller : callers) ASSERT_TRUE(connect_to(caller.fd(), relay.path()));
    ::getrusage(RUSAGE_SELF, &before);
    std::this_thread::sleep_for(500ms);  // the time that is measured
    ::getrusage(RUSAGE_SELF, &after);
  }
  const auto cpu = [](const rusage& usage) {
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  };
  EXPECT_LT(cpu(after) - cpu(before), 100) << "it must not spin";
  for (const Caller& caller : callers) {
    ASSERT_TRUE(caller.ask_tcp(target.endpoint()));
    EXPECT_EQ(status_of(caller), Status::kOk);
  }
}

TEST(Reload, ChangesTheAccessListAndKeepsLiveFlows) {
  const Target target;
  const TestRelay relay;
  const Caller live = relay.call_tcp(target.endpoint());
  const UniqueFd far = target.accept();
  Settings nothing = open_settings();
  nothing.rules.clear();
  relay.apply(nothing);
  const Caller late = relay.call();
  ASSERT_TRUE(late.ask_tcp(target.endpoint()));
  EXPECT_EQ(status_of(late), Status::kProhibited);
  ASSERT_TRUE(live.send_data("still here"));
  EXPECT_EQ(read_exactly(far.get(), 10), "still here");
  ASSERT_TRUE(write_all(far.get(), "so am I"));
  EXPECT_EQ(live.frame()->payload, "so am I");
}

TEST(Drain, LetsFlowsFinishAndTakesNoNewOnes) {
  const Target target;
  const TestRelay relay;
  const Caller live = relay.call_tcp(target.endpoint());
  UniqueFd far = target.accept();
  const Caller spare = relay.call();
  relay.drain();
  EXPECT_EQ(status_of(spare), Status::kLimit);
  EXPECT_TRUE(is_closed(spare));
  EXPECT_TRUE(eventually([&] { return relay.call().fd() < 0; }));
  ASSERT_TRUE(live.send_data("last words") && live.send(wire::encode_end()));
  EXPECT_EQ(read_rest(far.get())->bytes, "last words");
  far.reset();
  EXPECT_EQ(live.frame()->type, FrameType::kEnd);
  EXPECT_TRUE(relay.ended());
}

TEST(Drain, TheSecondOneEndsFlowsAndSaysWhy) {
  const Target target;
  const TestRelay relay;
  const Caller live = relay.call_tcp(target.endpoint());
  const UniqueFd far = target.accept();
  relay.drain();
  relay.drain();
  const auto frame = live.frame();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->type, FrameType::kReset);
  EXPECT_EQ(frame->payload, std::string(1, static_cast<char>(Status::kShuttingDown)));
  EXPECT_TRUE(read_rest(far.get())->reset);
  EXPECT_TRUE(relay.ended());
}

}  // namespace
}  // namespace dvpn::relay::test
