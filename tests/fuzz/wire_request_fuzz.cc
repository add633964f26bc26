// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever decodes as a request survives being encoded and decoded again.
#include <cstdint>
#include <cstdlib>

#include "wire/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto request = dvpn::wire::decode_request(bytes);
  if (!request) return 0;
  const auto again = dvpn::wire::decode_request(dvpn::wire::encode(*request));
  if (again != request) std::abort();
  return 0;
}
