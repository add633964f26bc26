// SPDX-License-Identifier: GPL-2.0-or-later
// The relay never asks for a byte beyond a request, and reads it as it would be read in one piece. The first byte of the input says how the
// stream is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "relay/request_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::size_t{data[0]} + 1;
  dvpn::relay::RequestReader reader;
  std::size_t taken = 0;
  while (!reader.finished() && !stream.empty()) {
    const std::size_t count = std::min({reader.wanted(), piece, stream.size()});
    std::memcpy(reader.room(), stream.data(), count);
    reader.came(count);
    stream.remove_prefix(count);
    taken += count;
    if (taken > dvpn::wire::kHeaderSize + dvpn::wire::kMostBody) std::abort();
  }
  if (!reader.finished()) return 0;
  const auto request = reader.take();
  const auto whole = dvpn::wire::decode_request(std::string_view(reinterpret_cast<const char*>(data) + 1, taken));
  if (request.has_value() != whole.has_value()) std::abort();
  if (!request && request.error() == dvpn::wire::Status::kOk) std::abort();
  return 0;
}
