// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever decodes as an answer survives being encoded and decoded again.
#include <cstdint>
#include <cstdlib>

#include "wire/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto answer = dvpn::wire::decode_answer(bytes);
  if (!answer) return 0;
  const auto again = dvpn::wire::decode_answer(dvpn::wire::encode(*answer));
  if (again != answer) std::abort();
  return 0;
}
