// SPDX-License-Identifier: GPL-2.0-or-later
// Frames with datagrams in them mean the same however the stream is cut into pieces: the first byte of the input says
// how. What is held is bounded, and an echo that can be read is written back as it was.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/datagram.h"

namespace {

using dvpn::wire::DatagramParser;

void try_as_echo(std::string_view datagram) {
  const auto echo = dvpn::wire::decode_echo(datagram);
  if (!echo) return;
  const auto header = dvpn::wire::encode_echo_header(echo->token, echo->hops);
  if (std::string(header.data(), header.size()) + std::string(echo->payload) != datagram) std::abort();
}

/// Every event as text.
std::string parse(std::string_view stream, std::size_t piece) {
  DatagramParser parser;
  std::string out;
  while (!stream.empty()) {
    const std::string copy(stream.substr(0, piece));
    stream.remove_prefix(copy.size());
    std::string_view chunk = copy;
    for (;;) {
      const DatagramParser::Event event = parser.next(chunk);
      if (event.kind == DatagramParser::Kind::kNeedMore) break;
      if (event.kind == DatagramParser::Kind::kDatagram) try_as_echo(event.payload);
      out += static_cast<char>(event.kind);
      out += static_cast<char>(event.reason);
      out += std::to_string(event.payload.size()) + ":";
      out += event.payload;
      if (event.kind != DatagramParser::Kind::kDatagram && event.kind != DatagramParser::Kind::kUnreachable) return out;
    }
    if (!chunk.empty() || parser.held() > dvpn::wire::kMostDatagram + 64) std::abort();
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (parse(stream, std::size_t{data[0]} + 1) != parse(stream, SIZE_MAX)) std::abort();
  return 0;
}
