// SPDX-License-Identifier: GPL-2.0-or-later
// What requests and answers have in common: a header of four bytes, then typed values (type, length, bytes); and numbers
// as they go over the wire. For the .cc files of this folder only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"
#include "wire/status.h"

namespace dvpn::wire {

/// The one version that is spoken today.
constexpr std::uint8_t kVersion = 1;

/// Set in a value's type: who does not know the value must refuse the whole message.
constexpr std::uint8_t kCritical = 0x80;

struct Value {
  std::uint8_t type = 0;  ///< without kCritical
  bool critical = false;
  std::string_view bytes;
};

/// Takes the next value off the front of `body`, which is not empty. kMalformed when it is cut off.
std::expected<Value, Status> take_value(std::string_view& body);

void append_value(std::string& out, std::uint8_t type, std::string_view bytes);

/// Version, `second`, length, body.
std::string assemble(std::uint8_t second, std::string_view body);

/// Big-endian.
void append_u16(std::string& out, std::uint16_t number);
void append_u32(std::string& out, std::uint32_t number);
std::uint16_t read_u16(const char* bytes);
std::uint32_t read_u32(const char* bytes);

/// 4 or 16 bytes of address, then the port.
std::string encode_endpoint(const net::Endpoint& endpoint);
std::optional<net::Endpoint> decode_endpoint(std::string_view bytes);

}  // namespace dvpn::wire
