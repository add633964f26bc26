// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/values.h"

namespace dvpn::wire {

namespace {

std::uint8_t byte_at(const char* bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }

}  // namespace

std::expected<Value, Status> take_value(std::string_view& body) {
  if (body.size() < 2) return std::unexpected(Status::kMalformed);
  const std::uint8_t type = byte_at(body.data(), 0);
  const std::size_t length = byte_at(body.data(), 1);
  if (body.size() - 2 < length) return std::unexpected(Status::kMalformed);
  const Value value = {static_cast<std::uint8_t>(type & ~kCritical), (type & kCritical) != 0, body.substr(2, length)};
  body.remove_prefix(2 + length);
  return value;
}

void append_value(std::string& out, std::uint8_t type, std::string_view bytes) {
  out += static_cast<char>(type);
  out += static_cast<char>(bytes.size());
  out += bytes;
}

std::string assemble(std::uint8_t second, std::string_view body) {
  std::string out;
  out += static_cast<char>(kVersion);
  out += static_cast<char>(second);
  append_u16(out, static_cast<std::uint16_t>(body.size()));
  out += body;
  return out;
}

void append_u16(std::string& out, std::uint16_t number) {
  out += static_cast<char>(number >> 8);
  out += static_cast<char>(number & 0xff);
}

void append_u32(std::string& out, std::uint32_t number) {
  append_u16(out, static_cast<std::uint16_t>(number >> 16));
  append_u16(out, static_cast<std::uint16_t>(number & 0xffff));
}

std::uint16_t read_u16(const char* bytes) {
  return static_cast<std::uint16_t>(byte_at(bytes, 0) << 8 | byte_at(bytes, 1));
}

std::uint32_t read_u32(const char* bytes) {
  return std::uint32_t{read_u16(bytes)} << 16 | read_u16(bytes + 2);
}

std::string encode_endpoint(const net::Endpoint& endpoint) {
  const auto* address = reinterpret_cast<const char*>(endpoint.address.bytes().data());
  std::string out(address, endpoint.address.width() / 8);
  append_u16(out, endpoint.port);
  return out;
}

std::optional<net::Endpoint> decode_endpoint(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto address = net::Address::from_bytes(bytes.substr(0, bytes.size() - 2));
  if (!address) return std::nullopt;
  return net::Endpoint{*address, read_u16(bytes.data() + bytes.size() - 2)};
}

}  // namespace dvpn::wire
