// SPDX-License-Identifier: GPL-2.0-or-later
// A stream of frames means the same however it is cut into pieces: the first byte of the input says how.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/frame.h"

namespace {

using dvpn::wire::FrameParser;

/// Every event as text.
std::string parse(std::string_view stream, std::size_t piece) {
  FrameParser parser;
  std::string out;
  while (!stream.empty()) {
    std::string_view chunk = stream.substr(0, piece);
    stream.remove_prefix(chunk.size());
    for (;;) {
      const FrameParser::Event event = parser.next(chunk);
      if (event.kind == FrameParser::Kind::kNeedMore) break;
      out += event.data;
      if (event.kind == FrameParser::Kind::kData) continue;
      out += static_cast<char>(event.kind);
      out += static_cast<char>(event.reason);
      if (event.kind != FrameParser::Kind::kEnd) return out;
    }
    if (!chunk.empty()) std::abort();
  }
  return out + (parser.ended() ? "ended" : "cut");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (parse(stream, std::size_t{data[0]} + 1) != parse(stream, SIZE_MAX)) std::abort();
  return 0;
}
