// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/frame.h"

#include <gtest/gtest.h>

#include <string>

namespace dvpn::wire {
namespace {

using Kind = FrameParser::Kind;
using namespace std::string_literals;

std::string data_frame(std::string_view payload) {
  const auto header = encode_frame_header(FrameType::kData, static_cast<std::uint32_t>(payload.size()));
  return std::string(header.data(), header.size()) + std::string(payload);
}

/// What came out, as text: payload as it is, "." for an end, "!N" for a reset, "X" for an error.
std::string parse_in_pieces(std::string_view stream, std::size_t piece, FrameParser& parser) {
  std::string out;
  while (!stream.empty()) {
    std::string_view chunk = stream.substr(0, piece);
    stream.remove_prefix(chunk.size());
    for (;;) {
      const FrameParser::Event event = parser.next(chunk);
      if (event.kind == Kind::kNeedMore) break;
      if (event.kind == Kind::kData) out += event.data;
      if (event.kind == Kind::kEnd) out += '.';
      if (event.kind == Kind::kReset) return out + "!" + std::to_string(static_cast<int>(event.reason));
      if (event.kind == Kind::kError) return out + "X";
    }
  }
  return out;
}

std::string parse(std::string_view stream, std::size_t piece = SIZE_MAX) {
  FrameParser parser;
  return parse_in_pieces(stream, piece, parser);
}

TEST(Frame, HasTheDocumentedBytes) {
  EXPECT_EQ(data_frame("abc"), "\x00\x00\x00\x03"s + "abc");
  EXPECT_EQ(encode_end(), "\x01\x00\x00\x00"s);
  EXPECT_EQ(encode_reset(Status::kPeerReset), "\x02\x00\x00\x01\x0a"s);
  const auto longest = encode_frame_header(FrameType::kData, kMostPayload);
  EXPECT_EQ(std::string(longest.data(), 4), "\x00\xff\xff\xff"s);
  EXPECT_EQ(decode_frame_header(longest.data()).length, kMostPayload);
}

TEST(FrameParser, YieldsTheSameWhateverThePieces) {
  const std::string skipped = "\x80\x00\x00\x05zzzzz\xff\x00\x00\x00"s;
  const std::string stream =
      skipped + data_frame("hello ") + skipped + data_frame(std::string(300, 'x')) + encode_end() + skipped +
      encode_reset(Status::kShuttingDown);
  const std::string expected = "hello " + std::string(300, 'x') + ".!11";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) EXPECT_EQ(parse(stream, piece), expected) << piece;
}

TEST(FrameParser, TellsACutStreamFromAFinishedOne) {
  const std::string stream = data_frame("hello") + encode_end();
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    FrameParser parser;
    (void)parse_in_pieces(std::string_view(stream).substr(0, size), SIZE_MAX, parser);
    EXPECT_EQ(parser.ended(), size == stream.size()) << size;
  }
}

TEST(FrameParser, PointsIntoTheChunk) {
  const std::string stream = data_frame("hello");
  FrameParser parser;
  std::string_view chunk = stream;
  EXPECT_EQ(parser.next(chunk).data.data(), stream.data() + kFrameHeaderSize);
}

TEST(FrameParser, RejectsWhatTheProtocolForbids) {
  for (std::size_t piece : {std::size_t{1}, SIZE_MAX}) {
    EXPECT_EQ(parse(encode_end() + data_frame("late"), piece), ".X");
    EXPECT_EQ(parse(encode_end() + encode_end(), piece), ".X");
    EXPECT_EQ(parse("\x00\x00\x00\x00"s, piece), "X") << "empty data";
    EXPECT_EQ(parse("\x01\x00\x00\x01z"s, piece), "X") << "an end with payload";
    EXPECT_EQ(parse("\x02\x00\x00\x00"s, piece), "X") << "a reset without reason";
    EXPECT_EQ(parse("\x02\x00\x00\x02\x01\x01"s, piece), "X") << "a reset with two";
    EXPECT_EQ(parse("\x03\x00\x00\x01z"s, piece), "X") << "unknown and not to be skipped";
    EXPECT_EQ(parse("\x7f\x00\x00\x00"s, piece), "X");
  }
}

TEST(FrameParser, StaysWhereItStopped) {
  FrameParser parser;
  const std::string stream = "\x03\x00\x00\x00more"s;
  std::string_view chunk = stream;
  EXPECT_EQ(parser.next(chunk).kind, Kind::kError);
  EXPECT_EQ(parser.next(chunk).kind, Kind::kError);
  EXPECT_EQ(chunk, "more");
  EXPECT_FALSE(parser.ended());
}

TEST(FrameParser, CountsUnknownReasonsAsFailed) { EXPECT_EQ(parse("\x02\x00\x00\x01\xee"s), "!9"); }

TEST(FrameParser, LetsTheCallerTakePayloadItself) {
  FrameParser parser;
  const std::string start = data_frame(std::string(1000, 'x')).substr(0, 14);
  std::string_view chunk = start;
  EXPECT_EQ(parser.next(chunk).data.size(), 10u);
  EXPECT_EQ(parser.data_left(), 990u);
  parser.took(900);
  EXPECT_EQ(parser.data_left(), 90u);
  parser.took(90);
  EXPECT_EQ(parser.data_left(), 0u);
  const std::string rest = encode_end();
  chunk = rest;
  EXPECT_EQ(parser.next(chunk).kind, Kind::kEnd);
}

}  // namespace
}  // namespace dvpn::wire
