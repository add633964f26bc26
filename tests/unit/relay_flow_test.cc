// SPDX-License-Identifier: GPL-2.0-or-later
// Flows through a relay with real sockets: what arrives, how halves end, and how either side's end is told.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <thread>

#include "relay_harness.h"

namespace dvpn::relay::test {
namespace {

using namespace std::chrono_literals;
using wire::FrameType;
using wire::Status;

using Last = std::optional<Caller::Frame>;

struct Flow {
  Target target;
  TestRelay relay;
  Caller caller = relay.call_tcp(target.endpoint());
  UniqueFd far = target.accept();
};

void reset(UniqueFd& fd) {
  const linger now = {1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd.reset();
}

bool is_reset(const Last& last, Status reason) {
  return last && last->type == FrameType::kReset && last->payload == std::string(1, static_cast<char>(reason));
}

bool is_end(const Last& last) { return last && last->type == FrameType::kEnd; }

/// 64 MiB each way at once, in frames of that size, compared byte by byte.
class BothWays : public testing::TestWithParam<std::size_t> {};

TEST_P(BothWays, CarriesWhatWasSent) {
  constexpr std::size_t kSize = 64u << 20;
  const std::string up = noise(kSize, 1);
  const std::string down = noise(kSize, 2);
  Flow flow;
  std::string arrived_up;
  std::string arrived_down;
  Last last;
  {
    std::jthread send_up([&] {
      EXPECT_TRUE(flow.caller.send_data(up, GetParam()) && flow.caller.send(wire::encode_end()));
    });
    std::jthread send_down([&] {
      EXPECT_TRUE(write_all(flow.far.get(), down));
      ::shutdown(flow.far.get(), SHUT_WR);
    });
    std::jthread read_down([&] { arrived_down = flow.caller.data(last); });
    const auto rest = read_rest(flow.far.get());
    ASSERT_TRUE(rest);
    EXPECT_FALSE(rest->reset);
    arrived_up = rest->bytes;
  }
  EXPECT_TRUE(is_end(last));
  EXPECT_TRUE(arrived_up == up);
  EXPECT_TRUE(arrived_down == down);
  EXPECT_FALSE(flow.caller.frame()) << "both halves have ended: the relay closes";
}

INSTANTIATE_TEST_SUITE_P(Frames, BothWays, testing::Values(1000, 60'000, 1u << 20, (1u << 24) - 1));

TEST(Flow, WorksOverIPv6AndSaysItsOwnAddress) {
  const Target target("::1");
  const TestRelay relay;
  const Caller caller = relay.call();
  ASSERT_TRUE(caller.ask_tcp(target.endpoint()));
  const auto answer = caller.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, Status::kOk);
  const UniqueFd far = target.accept();
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  ::getpeername(far.get(), reinterpret_cast<sockaddr*>(&peer), &size);
  EXPECT_EQ(answer->local, net::Endpoint::from_sockaddr(peer));
  EXPECT_LT(answer->connect_time.value(), 5s);
  ASSERT_TRUE(caller.send_data("hello"));
  EXPECT_EQ(read_exactly(far.get(), 5), "hello");
}

TEST(Flow, UpMayEndFirst) {
  Flow flow;
  ASSERT_TRUE(flow.caller.send_data("question") && flow.caller.send(wire::encode_end()));
  flow.caller.finish_writing();
  EXPECT_EQ(read_rest(flow.far.get())->bytes, "question");
  ASSERT_TRUE(write_all(flow.far.get(), "answer"));
  flow.far.reset();
  Last last;
  EXPECT_EQ(flow.caller.data(last), "answer");
  EXPECT_TRUE(is_end(last));
}

TEST(Flow, DownMayEndFirst) {
  Flow flow;
  ASSERT_TRUE(write_all(flow.far.get(), "greeting"));
  ::shutdown(flow.far.get(), SHUT_WR);
  Last last;
  EXPECT_EQ(flow.caller.data(last), "greeting");
  EXPECT_TRUE(is_end(last));
  const std::string much = noise(3u << 20, 3);
  ASSERT_TRUE(flow.caller.send_data(much) && flow.caller.send(wire::encode_end()));
  flow.caller.close();  // everything is said: the rest of the up half still has to arrive, and end cleanly
  const auto rest = read_rest(flow.far.get());
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->bytes == much);
  EXPECT_FALSE(rest->reset);
}

TEST(Flow, AnEndedUpHalfMayStillBeReset) {
  Flow flow;
  ASSERT_TRUE(flow.caller.send(wire::encode_end()));
  EXPECT_EQ(read_rest(flow.far.get())->bytes, "");
  ASSERT_TRUE(flow.caller.send(wire::encode_reset(Status::kPeerReset)));
  EXPECT_TRUE(eventually([&] { return ::send(flow.far.get(), "x", 1, MSG_NOSIGNAL) < 0; }));
}

TEST(Flow, AResetFrameResetsTheTarget) {
  Flow flow;
  ASSERT_TRUE(flow.caller.send_data("hello"));
  EXPECT_EQ(read_exactly(flow.far.get(), 5), "hello");
  ASSERT_TRUE(flow.caller.send(wire::encode_reset(Status::kPeerReset)));
  const auto rest = read_rest(flow.far.get());
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->reset);
}

TEST(Flow, AChannelThatEndsWithoutAnEndFrameResetsTheTarget) {
  for (const bool whole : {false, true}) {
    Flow flow;
    ASSERT_TRUE(flow.caller.send_data("hello"));
    EXPECT_EQ(read_exactly(flow.far.get(), 5), "hello");
    if (whole)
      flow.caller.close();
    else
      flow.caller.finish_writing();
    const auto rest = read_rest(flow.far.get());
    ASSERT_TRUE(rest);
    EXPECT_TRUE(rest->reset) << whole;
  }
}

TEST(Flow, AChannelThatIsGoneBeforeTheTargetIsConnectedNeverLooksLikeAnEnd) {
  const Target target;
  const TestRelay relay;
  for (int i = 0; i < 50; ++i) {
    Caller caller = relay.call();
    ASSERT_TRUE(caller.ask_tcp(target.endpoint()));
    caller.close();
    const UniqueFd far = target.accept();
    ASSERT_TRUE(far);
    const auto rest = read_rest(far.get());
    ASSERT_TRUE(rest);
    EXPECT_TRUE(rest->reset);
  }
}

TEST(Flow, AChannelThatIsGoneWhileTheTargetStillSendsResetsIt) {
  Flow flow;
  ASSERT_TRUE(flow.caller.send(wire::encode_end()));
  EXPECT_EQ(read_rest(flow.far.get())->bytes, "");
  flow.caller.close();
  EXPECT_TRUE(eventually([&] { return ::send(flow.far.get(), "x", 1, MSG_NOSIGNAL) < 0; }));
}

TEST(Flow, AnIdleFlowHearsOfTheTargetsResetAtOnce) {
  Flow flow;
  reset(flow.far);
  EXPECT_TRUE(is_reset(flow.caller.frame(), Status::kPeerReset));
  EXPECT_FALSE(flow.caller.frame());
}

TEST(Flow, AHalfClosedFlowHearsOfTheTargetsReset) {
  Flow flow;
  ASSERT_TRUE(flow.caller.send(wire::encode_end()));
  EXPECT_EQ(read_rest(flow.far.get())->bytes, "");
  reset(flow.far);
  EXPECT_TRUE(is_reset(flow.caller.frame(), Status::kPeerReset));
}

TEST(Flow, WhatCameBeforeTheResetIsStillPassedOn) {
  Flow flow;
  ASSERT_TRUE(write_all(flow.far.get(), "413 too large"));
  ASSERT_TRUE(flow.caller.send_data("unread"));
  EXPECT_TRUE(eventually([&] {
    int queued = 0;
    return ::ioctl(flow.far.get(), FIONREAD, &queued) == 0 && queued == 6;
  }));
  flow.far.reset();  // with unread data: the kernel sends a RST
  Last last;
  EXPECT_EQ(flow.caller.data(last), "413 too large");
  EXPECT_TRUE(is_reset(last, Status::kPeerReset));
}

/// Whichever call is told first, a write or a read: it is never taken for a clean end.
TEST(Flow, AResetInMidUploadIsNeverAnEnd) {
  const Target target;
  const TestRelay relay;
  for (int i = 0; i < 100; ++i) {
    const Caller caller = relay.call_tcp(target.endpoint());
    UniqueFd far = target.accept();
    std::jthread writer([&] { (void)caller.send_data(std::string(8u << 20, 'x'), 10'000); });
    ASSERT_EQ(read_exactly(far.get(), 100'000).size(), 100'000u);
    reset(far);
    Last last;
    EXPECT_EQ(caller.data(last), "");
    EXPECT_TRUE(is_reset(last, Status::kPeerReset)) << i;
    ::shutdown(caller.fd(), SHUT_RDWR);
  }
}

TEST(Flow, AResetIsNoticedWhileTheReaderIsBlocked) {
  Flow flow;
  std::jthread writer([&] { (void)write_all(flow.far.get(), noise(64u << 20, 4)); });
  EXPECT_TRUE(eventually([&] {
    int queued = 0;
    return ::ioctl(flow.caller.fd(), FIONREAD, &queued) == 0 && queued > 100'000;
  }));
  ::shutdown(flow.far.get(), SHUT_RDWR);
  writer.join();
  reset(flow.far);
  // Nothing was read so far; the relay must not wait for that for ever.
  const auto start = std::chrono::steady_clock::now();
  pollfd hung_up = {flow.caller.fd(), 0, 0};
  EXPECT_EQ(::poll(&hung_up, 1, 8000), 1);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 6s);
}

TEST(Flow, AChannelThatIsGoneIsNoticedWhileTheTargetIsBlocked) {
  Flow flow;
  std::jthread writer([&] { (void)flow.caller.send_data(noise(64u << 20, 5)); });
  int queued = 0;
  EXPECT_TRUE(eventually([&] { return ::ioctl(flow.far.get(), FIONREAD, &queued) == 0 && queued > 100'000; }));
  ::shutdown(flow.caller.fd(), SHUT_RDWR);
  writer.join();
  flow.caller.close();
  const auto rest = read_rest(flow.far.get());
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->reset);
}

/// How much is under way while the reader of one side reads nothing: until the sender got nowhere for a while.
std::size_t sent_until_blocked(int fd) {
  const std::string chunk(64u << 10, 'x');
  std::size_t sent = 0;
  for (auto idle = std::chrono::steady_clock::now(); std::chrono::steady_clock::now() - idle < 500ms;) {
    const ssize_t n = ::send(fd, chunk.data(), chunk.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n <= 0) continue;
    sent += static_cast<std::size_t>(n);
    idle = std::chrono::steady_clock::now();
  }
  return sent;
}

TEST(Flow, BackPressureReachesTheTarget) {
  Flow flow;
  EXPECT_LT(sent_until_blocked(flow.far.get()), 24u << 20);
}

TEST(Flow, BackPressureReachesTheCaller) {
  Flow flow;
  const auto header = wire::encode_frame_header(FrameType::kData, wire::kMostPayload);
  ASSERT_TRUE(flow.caller.send({header.data(), header.size()}));
  EXPECT_LT(sent_until_blocked(flow.caller.fd()), 12u << 20);
}

TEST(Flow, FramesMayComeBeforeTheAnswer) {
  const Target target;
  const TestRelay relay;
  const Caller caller = relay.call();
  const std::string request = wire::encode(wire::Request{.kind = wire::Kind::kTcp, .target = target.endpoint()});
  ASSERT_TRUE(caller.send(request + std::string("\0\0\0\5hello", 9) + wire::encode_end()));
  caller.finish_writing();
  EXPECT_EQ(caller.answer()->status, Status::kOk);
  UniqueFd far = target.accept();
  const auto rest = read_rest(far.get());
  EXPECT_EQ(rest->bytes, "hello");
  EXPECT_FALSE(rest->reset);
  far.reset();
  EXPECT_TRUE(is_end(caller.frame()));
}

TEST(Flow, UnknownFramesAreSkippedOrEndIt) {
  Flow flow;
  ASSERT_TRUE(flow.caller.send(std::string("\x80\0\0\3zzz\0\0\0\5hello\xff\0\0\0", 20)));
  EXPECT_EQ(read_exactly(flow.far.get(), 5), "hello");
  ASSERT_TRUE(flow.caller.send(std::string("\x03\0\0\0", 4)));
  EXPECT_TRUE(is_reset(flow.caller.frame(), Status::kMalformed));
  EXPECT_TRUE(read_rest(flow.far.get())->reset);
}

TEST(Flow, UrgentDataStaysInTheStream) {
  Flow flow;
  ASSERT_TRUE(write_all(flow.far.get(), noise(300'000, 6)));
  ASSERT_EQ(::send(flow.far.get(), "!", 1, MSG_OOB), 1);
  ASSERT_TRUE(write_all(flow.far.get(), noise(300'000, 7)));
  flow.far.reset();
  Last last;
  EXPECT_TRUE(flow.caller.data(last) == noise(300'000, 6) + "!" + noise(300'000, 7));
  EXPECT_TRUE(is_end(last));
}

TEST(Flow, AThousandLeaveNothingBehind) {
  const Target target;
  const TestRelay relay;
  const std::size_t before = open_descriptors();
  {
    std::vector<Caller> callers;
    std::vector<UniqueFd> fars;
    for (int i = 0; i < 1000; ++i) {
      callers.push_back(relay.call_tcp(target.endpoint()));
      fars.push_back(target.accept());
    }
    for (std::size_t i = 0; i < callers.size(); ++i) {
      ASSERT_TRUE(callers[i].send_data("ping"));
      ASSERT_EQ(read_exactly(fars[i].get(), 4), "ping");
    }
    EXPECT_EQ(open_descriptors(), before + 4000) << "two sockets a flow in the relay, one at each end, and no pipe";
  }
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; })) << open_descriptors() << " of " << before;
}

}  // namespace
}  // namespace dvpn::relay::test
