// SPDX-License-Identifier: GPL-2.0-or-later
// What comes down a channel, and what it means for the flow.
#include "flow/far_reader.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "flow/counters.h"
#include "flow/opening.h"

namespace dvpn::flow {
namespace {

using Kind = FarReader::Kind;

std::string data_frame(std::string_view payload) {
  const auto header = wire::encode_frame_header(wire::FrameType::kData, static_cast<std::uint32_t>(payload.size()));
  return std::string(header.data(), header.size()) + std::string(payload);
}

/// Feeds `stream` in pieces of `step` bytes: all data, and the other events as letters (y, e, f).
struct Seen {
  std::string data;
  std::string events;
  EndReason reason = EndReason::kDone;
};
Seen feed(FarReader& reader, std::string_view stream, std::size_t step) {
  Seen seen;
  while (!stream.empty()) {
    std::string_view chunk = stream.substr(0, step);
    stream.remove_prefix(chunk.size());
    for (;;) {
      const FarReader::Event event = reader.next(chunk);
      if (event.kind == Kind::kNeedMore) break;
      if (event.kind == Kind::kData) seen.data += event.data;
      if (event.kind == Kind::kYes) seen.events += 'y';
      if (event.kind == Kind::kEnd) seen.events += 'e';
      if (event.kind == Kind::kFail) {
        seen.events += 'f';
        seen.reason = event.reason;
        return seen;
      }
    }
  }
  return seen;
}

std::string yes() { return wire::encode(wire::Answer{.status = wire::Status::kOk, .software = "test"}); }

TEST(FarReader, ReadsAnswerAndFramesInPiecesOfAnySize) {
  const std::string stream = yes() + data_frame("hello ") + data_frame("world") + wire::encode_end();
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    FarReader reader(table::Via::kRelay);
    const Seen seen = feed(reader, stream, step);
    EXPECT_EQ(seen.data, "hello world") << step;
    EXPECT_EQ(seen.events, "ye") << step;
    EXPECT_EQ(reader.at_eof(false).kind, Kind::kEnd) << step;
  }
}

TEST(FarReader, ARelaysNoEndsTheFlowWithItsReason) {
  for (const auto& [status, reason] : {std::pair(wire::Status::kRefused, EndReason::kRefused),
                                       std::pair(wire::Status::kHostUnreachable, EndReason::kHostUnreachable),
                                       std::pair(wire::Status::kNetworkUnreachable, EndReason::kNetworkUnreachable),
                                       std::pair(wire::Status::kTimedOut, EndReason::kTimedOut),
                                       std::pair(wire::Status::kProhibited, EndReason::kProhibited),
                                       std::pair(wire::Status::kLimit, EndReason::kFarLimit),
                                       std::pair(wire::Status::kUnsupported, EndReason::kFarProtocol)}) {
    FarReader reader(table::Via::kRelay);
    const Seen seen = feed(reader, wire::encode(wire::Answer{.status = status}), 1);
    EXPECT_EQ(seen.events, "f");
    EXPECT_EQ(seen.reason, reason) << name(reason);
  }
}

TEST(FarReader, AChannelThatEndsWithoutAnEndIsBroken) {
  FarReader reader(table::Via::kRelay);
  EXPECT_EQ(reader.at_eof(false).reason, EndReason::kFarBroken);
  feed(reader, yes() + data_frame("cut"), 100);
  EXPECT_EQ(reader.at_eof(false).reason, EndReason::kFarBroken);
  EXPECT_EQ(reader.at_eof(true).reason, EndReason::kSessionLost);
}

TEST(FarReader, TellsDatagramsAndWhatBecameOfThemApart) {
  const auto header = wire::encode_frame_header(wire::FrameType::kDatagram, 2);
  const std::string stream = yes() + std::string(header.data(), header.size()) + "ab" + wire::encode_unreachable(wire::Status::kRefused) + wire::encode_end();
  FarReader reader(table::Via::kRelay, Protocol::kUdp);
  std::string_view chunk = stream;
  EXPECT_EQ(reader.next(chunk).kind, Kind::kYes);
  const FarReader::Event datagram = reader.next(chunk), unreachable = reader.next(chunk);
  EXPECT_EQ(datagram.kind, Kind::kDatagram);
  EXPECT_EQ(datagram.data, "ab");
  EXPECT_EQ(unreachable.kind, Kind::kUnreachable);
  EXPECT_EQ(unreachable.reason, EndReason::kRefused);
  EXPECT_EQ(reader.next(chunk).kind, Kind::kEnd);
  FarReader cut_off(table::Via::kRelay, Protocol::kUdp);
  std::string_view only_yes = std::string_view(stream).substr(0, yes().size());
  EXPECT_EQ(cut_off.next(only_yes).kind, Kind::kYes);
  EXPECT_EQ(cut_off.at_eof(false).reason, EndReason::kFarBroken);
  std::string_view stream_frame = "\0\0\0\1x";
  const std::string frame(stream_frame.data(), 5);
  std::string_view wrong = frame;
  EXPECT_EQ(cut_off.next(wrong).reason, EndReason::kFarProtocol);
}

TEST(FarReader, AResetFrameIsTheTargetsReset) {
  FarReader reader(table::Via::kRelay);
  const Seen seen = feed(reader, yes() + data_frame("x") + wire::encode_reset(wire::Status::kPeerReset), 3);
  EXPECT_EQ(seen.data, "x");
  EXPECT_EQ(seen.reason, EndReason::kTargetReset);
}

TEST(FarReader, NonsenseIsAProtocolError) {
  FarReader reader(table::Via::kRelay);
  EXPECT_EQ(feed(reader, "HTTP/1.1 400 Bad Request\r\n", 7).reason, EndReason::kFarProtocol);
}

TEST(FarReader, DirectHasNoFrames) {
  FarReader reader(table::Via::kDirect);
  EXPECT_EQ(feed(reader, "as it is", 3).data, "as it is");
  EXPECT_EQ(reader.at_eof(false).kind, Kind::kEnd);
  EXPECT_EQ(reader.at_eof(true).reason, EndReason::kSessionLost);
}

TEST(Refusal, TellsTheGatewaysTroubleFromTheTargets) {
  using ssh::OpenFailure;
  using ssh::OpenTrouble;
  using ssh::SessionFailure;
  using ssh::SessionTrouble;
  const auto reason = [](const gateway::Failure& failure, table::Via via) { return refusal(failure, via).reason; };
  EXPECT_EQ(reason(SessionFailure{SessionTrouble::kHostKeyChanged, ""}, table::Via::kRelay), EndReason::kHostKeyChanged);
  EXPECT_EQ(reason(SessionFailure{SessionTrouble::kAuthentication, ""}, table::Via::kRelay), EndReason::kAuthentication);
  EXPECT_EQ(reason(OpenFailure{OpenTrouble::kRefused, ""}, table::Via::kDirect), EndReason::kRefused);
  EXPECT_EQ(reason(OpenFailure{OpenTrouble::kUnreachable, ""}, table::Via::kDirect), EndReason::kHostUnreachable);
  EXPECT_EQ(reason(OpenFailure{OpenTrouble::kRefused, ""}, table::Via::kRelay), EndReason::kNoRelay);
  EXPECT_EQ(reason(OpenFailure{OpenTrouble::kProhibited, ""}, table::Via::kRelay), EndReason::kProhibited);
  EXPECT_TRUE(refusal(SessionFailure{SessionTrouble::kUnreachable, ""}, table::Via::kRelay).try_next);
  EXPECT_TRUE(refusal(OpenFailure{OpenTrouble::kFailed, ""}, table::Via::kRelay).try_next);
  EXPECT_FALSE(refusal(OpenFailure{OpenTrouble::kRefused, ""}, table::Via::kDirect).try_next);
}

TEST(EndReason, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kEndReasons; ++i) names.insert(name(static_cast<EndReason>(i)));
  EXPECT_EQ(names.size(), kEndReasons);
  EXPECT_EQ(names.count(""), 0u);
}

TEST(Counters, AddUp) {
  Counters one;
  one.count(EndReason::kDone);
  one.bytes_up = 5;
  Counters two;
  two.count(EndReason::kDone);
  two.count(EndReason::kRefused);
  two += one;
  EXPECT_EQ(two.total(), 3u);
  EXPECT_EQ(two.ended[static_cast<std::size_t>(EndReason::kDone)], 2u);
  EXPECT_EQ(two.bytes_up, 5u);
}

}  // namespace
}  // namespace dvpn::flow
