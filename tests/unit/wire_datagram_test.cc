// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/datagram.h"

#include <gtest/gtest.h>

#include <string>

namespace dvpn::wire {
namespace {

using Kind = DatagramParser::Kind;
using namespace std::string_literals;

std::string frame(std::string_view payload, FrameType type = FrameType::kDatagram) {
  const auto header = encode_frame_header(type, static_cast<std::uint32_t>(payload.size()));
  return std::string(header.data(), header.size()) + std::string(payload);
}

/// What came out, as text: "[datagram]", "!N(detail)" for an unreachable, "." for an end, "RN" for a reset, "X".
std::string parse(std::string_view stream, std::size_t piece = SIZE_MAX) {
  DatagramParser parser;
  std::string out;
  while (!stream.empty()) {
    // A chunk of its own, so that a sanitizer sees who looks at it too late.
    const std::string copy(stream.substr(0, piece));
    stream.remove_prefix(copy.size());
    std::string_view chunk = copy;
    for (;;) {
      const DatagramParser::Event event = parser.next(chunk);
      if (event.kind == Kind::kNeedMore) break;
      const std::string reason = std::to_string(static_cast<int>(event.reason));
      if (event.kind == Kind::kDatagram) out += "[" + std::string(event.payload) + "]";
      if (event.kind == Kind::kUnreachable) out += "!" + reason + "(" + std::string(event.payload) + ")";
      if (event.kind == Kind::kReady) return out + "ready";
      if (event.kind == Kind::kEnd) return out + ".";
      if (event.kind == Kind::kReset) return out + "R" + reason;
      if (event.kind == Kind::kError) return out + "X";
    }
  }
  return out;
}

TEST(Datagram, HasTheDocumentedBytes) {
  EXPECT_EQ(frame("abc"), "\x03\x00\x00\x03"s + "abc");
  EXPECT_EQ(encode_unreachable(Status::kRefused), "\x04\x00\x00\x01\x01"s);
  EXPECT_EQ(encode_unreachable(Status::kHostUnreachable, encode_token(0x01020304)), "\x04\x00\x00\x05\x02\x01\x02\x03\x04"s);
  const auto echo = encode_echo_header(0x01020304, 63);
  EXPECT_EQ(std::string(echo.data(), echo.size()), "\x01\x02\x03\x04\x3f"s);
}

TEST(Datagram, OfAnEchoSurvivesTheWire) {
  const auto header = encode_echo_header(0xfffefdfc, 255);
  const std::string bytes = std::string(header.data(), header.size()) + "payload";
  EXPECT_EQ(decode_echo(bytes), (Echo{0xfffefdfc, 255, "payload"}));
  EXPECT_EQ(decode_echo(bytes.substr(0, 5))->payload, "");
  EXPECT_FALSE(decode_echo(bytes.substr(0, 4)));
  EXPECT_EQ(decode_token(encode_token(0x80000001)), 0x80000001);
  EXPECT_FALSE(decode_token("abc"));
}

TEST(DatagramParser, YieldsTheSameWhateverThePieces) {
  const std::string skipped = "\x80\x00\x00\x05zzzzz\xff\x00\x00\x00"s;
  const std::string stream = skipped + frame("one") + frame("") + frame(std::string(300, 'x')) + skipped +
                             encode_unreachable(Status::kRefused) + encode_unreachable(Status::kProhibited, "tokn") +
                             frame("") + frame("last") + encode_end();
  const std::string expected = "[one][][" + std::string(300, 'x') + "]!1()!5(tokn)[][last].";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) EXPECT_EQ(parse(stream, piece), expected) << piece;
}

TEST(DatagramParser, SeesThatTheChannelIsReadyAgain) {
  for (const std::size_t piece : {std::size_t{1}, SIZE_MAX}) {
    EXPECT_EQ(parse(frame("late") + encode_ready() + "whatever follows", piece), "[late]ready");
    EXPECT_EQ(parse("\x80\x00\x00\x01x"s + frame("on"), piece), "[on]") << "that is something else";
  }
}

TEST(DatagramParser, TakesTheLongestAndNothingLonger) {
  const std::string longest(kMostDatagram, 'x');
  EXPECT_EQ(parse(frame(longest)).size(), longest.size() + 2);
  EXPECT_EQ(parse(frame(longest), 1000).size(), longest.size() + 2);
  EXPECT_EQ(parse(frame(longest + "x")), "X");
}

TEST(DatagramParser, RejectsWhatTheProtocolForbids) {
  for (const std::size_t piece : {std::size_t{1}, SIZE_MAX}) {
    EXPECT_EQ(parse(frame("x", FrameType::kData), piece), "X") << "that is for streams";
    EXPECT_EQ(parse("\x01\x00\x00\x01z"s, piece), "X") << "an end with payload";
    EXPECT_EQ(parse("\x02\x00\x00\x00"s, piece), "X") << "a reset without reason";
    EXPECT_EQ(parse("\x02\x00\x00\x02\x01\x01"s, piece), "X");
    EXPECT_EQ(parse("\x04\x00\x00\x00"s, piece), "X") << "unreachable for no reason";
    EXPECT_EQ(parse("\x04\x00\x00\x41"s, piece), "X") << "for 65 of them";
    EXPECT_EQ(parse("\x05\x00\x00\x00"s, piece), "X") << "unknown and not to be skipped";
  }
}

TEST(DatagramParser, StaysWhereItStopped) {
  for (const std::string& last : {encode_end(), encode_ready(), encode_reset(Status::kShuttingDown), "\x7f\x00\x00\x00"s}) {
    DatagramParser parser;
    const std::string stream = last + "more";
    std::string_view chunk = stream;
    const Kind kind = parser.next(chunk).kind;
    EXPECT_NE(kind, Kind::kNeedMore);
    EXPECT_EQ(parser.next(chunk).kind, kind);
    EXPECT_EQ(chunk, "more");
  }
}

TEST(DatagramParser, CopiesOnlyWhatIsCut) {
  const std::string stream = frame("hello") + frame(std::string(1000, 'x'));
  DatagramParser parser;
  std::string_view chunk = std::string_view(stream).substr(0, 100);
  EXPECT_EQ(parser.next(chunk).payload.data(), stream.data() + kFrameHeaderSize);
  EXPECT_EQ(parser.held(), 0u);
  EXPECT_EQ(parser.next(chunk).kind, Kind::kNeedMore);
  EXPECT_GE(parser.held(), 1000u);
  EXPECT_LT(parser.held(), 1100u);
  chunk = std::string_view(stream).substr(100);
  EXPECT_EQ(parser.next(chunk).payload, std::string(1000, 'x'));
  EXPECT_EQ(parser.next(chunk).kind, Kind::kNeedMore);
  EXPECT_EQ(parser.held(), 0u);
}

TEST(DatagramParser, GivesUpAFrameWhenItIsToldTo) {
  const std::string stream = frame(std::string(1000, 'x')) + frame("next");
  DatagramParser parser;
  std::string_view chunk = std::string_view(stream).substr(0, 500);
  EXPECT_EQ(parser.next(chunk).kind, Kind::kNeedMore);
  EXPECT_TRUE(parser.forget());
  EXPECT_EQ(parser.held(), 0u);
  EXPECT_FALSE(parser.forget());
  chunk = std::string_view(stream).substr(500);
  EXPECT_EQ(parser.next(chunk).payload, "next");
}

}  // namespace
}  // namespace dvpn::wire
