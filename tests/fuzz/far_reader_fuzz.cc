// SPDX-License-Identifier: GPL-2.0-or-later
// What comes down a channel means the same however it is cut into pieces. The first byte of the input says what kind of flow it is, the
// second how it is cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "flow/far_reader.h"

namespace {

using dvpn::flow::FarReader;
using dvpn::flow::Protocol;
using dvpn::table::Via;
using Kind = FarReader::Kind;

/// The reader says these again and again; a flow of datagrams is over with its end.
bool ends(Kind kind, Protocol protocol) { return kind == Kind::kFail || kind == Kind::kReady || (kind == Kind::kEnd && protocol != Protocol::kTcp); }

/// Every event as text; the payload of a stream in one piece, for that is cut as the input is.
std::string read(FarReader reader, Protocol protocol, std::string_view stream, std::size_t piece) {
  std::string out;
  bool in_data = false;
  while (!stream.empty()) {
    const std::string copy(stream.substr(0, piece));
    stream.remove_prefix(copy.size());
    std::string_view chunk = copy;
    for (;;) {
      const FarReader::Event event = reader.next(chunk);
      if (event.kind == Kind::kNeedMore) break;
      if (event.kind == Kind::kData && event.data.empty()) std::abort();
      if (event.kind != Kind::kData || !in_data) {
        out += '\n';
        out += static_cast<char>('a' + static_cast<int>(event.kind));
        out += static_cast<char>(event.reason);
      }
      in_data = event.kind == Kind::kData;
      out += event.data;
      if (ends(event.kind, protocol)) return out;
    }
    if (!chunk.empty()) std::abort();
  }
  return out + '\n' + static_cast<char>(reader.at_eof(false).kind);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Via via = data[0] % 4 == 0 ? Via::kDirect : Via::kRelay;
  const Protocol protocol = via == Via::kRelay && data[0] % 4 == 1 ? Protocol::kUdp : Protocol::kTcp;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (read(FarReader(via, protocol), protocol, stream, std::size_t{data[1]} + 1) != read(FarReader(via, protocol), protocol, stream, SIZE_MAX)) std::abort();
  return 0;
}
