// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever is read as a first packet has two hosts of one family and ports; and no byte behind what is looked at matters.
#include <cstdint>
#include <cstdlib>

#include "intercept/syn.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using dvpn::intercept::kMostHeaders;
  using dvpn::intercept::parse_syn;
  const std::string_view packet(reinterpret_cast<const char*>(data), size);
  const auto syn = parse_syn(packet);
  if (!syn) return 0;
  if (syn->client.port == 0 || syn->destination.port == 0) std::abort();
  if (syn->client.address.family() != syn->destination.address.family()) std::abort();
  const auto cut = parse_syn(packet.substr(0, kMostHeaders));
  if (cut && cut != syn) std::abort();
  return 0;
}
