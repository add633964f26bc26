// SPDX-License-Identifier: GPL-2.0-or-later
// The Internet checksum (RFC 1071) over pieces of even length, but for the last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dvpn::intercept {

class Checksum {
 public:
  void add(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::uint32_t byte = static_cast<unsigned char>(bytes[i]);
      sum_ += i % 2 == 0 ? byte << 8 : byte;
    }
  }
  void add_word(std::uint32_t word) { sum_ += (word >> 16) + (word & 0xffff); }

  std::uint16_t value() const {
    std::uint64_t sum = sum_;
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace dvpn::intercept
