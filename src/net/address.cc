// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "base/units.h"

namespace dvpn::net {

namespace {

constexpr std::uint8_t kMappedStart[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// Clears (or sets) every bit of `bytes` from position `from` to `width`.
void fill_host_bits(Address::Bytes& bytes, unsigned from, unsigned width, bool ones) {
  const unsigned first = from / 8;
  if (first == width / 8) return;
  const auto host = static_cast<std::uint8_t>(0xffu >> (from % 8));
  bytes[first] = static_cast<std::uint8_t>(ones ? bytes[first] | host : bytes[first] & ~host);
  std::memset(bytes.data() + first + 1, ones ? 0xff : 0, width / 8 - first - 1);
}

}  // namespace

Address Address::from_ipv4(std::uint32_t host_order) {
  Address address;
  for (unsigned i = 0; i < 4; ++i) address.bytes_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return address;
}

std::optional<Address> Address::from_bytes(std::string_view bytes) {
  Address address;
  if (bytes.size() == 16 && std::memcmp(bytes.data(), kMappedStart, sizeof kMappedStart) == 0)
    bytes.remove_prefix(sizeof kMappedStart);
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  address.family_ = bytes.size() == 4 ? Family::kIPv4 : Family::kIPv6;
  std::memcpy(address.bytes_.data(), bytes.data(), bytes.size());
  return address;
}

std::optional<Address> Address::parse(std::string_view word) {
  if (word.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string text_form(word);
  char bytes[16];
  if (::inet_pton(AF_INET, text_form.c_str(), bytes) == 1) return from_bytes({bytes, 4});
  if (::inet_pton(AF_INET6, text_form.c_str(), bytes) == 1) return from_bytes({bytes, 16});
  return std::nullopt;
}

std::uint32_t Address::ipv4() const {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value = value << 8 | bytes_[i];
  return value;
}

bool Address::is_unspecified() const { return bytes_ == Bytes{}; }

bool Address::is_loopback() const {
  if (is_ipv4()) return bytes_[0] == 127;
  Bytes one{};
  one[15] = 1;
  return bytes_ == one;
}

bool Address::is_link_local() const {
  if (is_ipv4()) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool Address::is_multicast() const { return is_ipv4() ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }

bool Address::is_broadcast() const { return is_ipv4() && ipv4() == 0xffffffff; }

std::string Address::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  return ::inet_ntop(is_ipv4() ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
}

std::optional<Prefix> Prefix::make(const Address& address, unsigned length) {
  if (length > address.width()) return std::nullopt;
  const Prefix prefix = around(address, length);
  if (prefix.address_ != address) return std::nullopt;
  return prefix;
}

Prefix Prefix::around(const Address& address, unsigned length) {
  Prefix prefix;
  prefix.address_ = address;
  fill_host_bits(prefix.address_.bytes_, length, address.width(), false);
  prefix.length_ = static_cast<std::uint8_t>(length);
  return prefix;
}

std::optional<Prefix> Prefix::parse(std::string_view word) {
  const std::size_t slash = word.find('/');
  const auto address = Address::parse(word.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return make(*address, address->width());
  const std::string_view digits = word.substr(slash + 1);
  const auto length = parse_unsigned(digits, address->width());
  if (!length || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  return make(*address, static_cast<unsigned>(*length));
}

bool Prefix::contains(const Address& address) const {
  if (address.family() != family()) return false;
  const unsigned whole = length_ / 8;
  if (!std::equal(address.bytes().begin(), address.bytes().begin() + whole, address_.bytes().begin())) return false;
  if (length_ % 8 == 0) return true;
  const auto differing = static_cast<unsigned>(address.bytes()[whole] ^ address_.bytes()[whole]);
  return differing >> (8 - length_ % 8) == 0;
}

bool Prefix::contains(const Prefix& other) const { return length_ <= other.length_ && contains(other.address_); }

Address Prefix::last() const {
  Address out = address_;  // stays IPv6 even if its bits then look like a mapped address
  fill_host_bits(out.bytes_, length_, out.width(), true);
  return out;
}

std::string Prefix::to_string() const { return text(address_.to_string(), '/', length()); }

std::optional<Endpoint> Endpoint::parse(std::string_view word) {
  const std::size_t colon = word.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = word.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = Address::parse(host);
  const auto port = parse_unsigned(word.substr(colon + 1), 65535);
  if (!address || !port || *port == 0 || (host.find(':') != std::string_view::npos) != bracketed) return std::nullopt;
  return Endpoint{*address, static_cast<Port>(*port)};
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &storage, sizeof in);
    return Endpoint{Address::from_ipv4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &storage, sizeof in6);
    const auto address = Address::from_bytes({reinterpret_cast<const char*>(&in6.sin6_addr), 16});
    return Endpoint{*address, ntohs(in6.sin6_port)};
  }
  return std::nullopt;
}

std::string Endpoint::to_string() const {
  if (address.is_ipv4()) return text(address.to_string(), ':', port);
  return text('[', address.to_string(), "]:", port);
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const {
  storage = {};
  if (address.is_ipv4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.bytes().data(), 16);
  std::memcpy(&storage, &in6, sizeof in6);
  return sizeof in6;
}

std::size_t hash_value(const Address& address) {
  const std::string_view bytes(reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size());
  return std::hash<std::string_view>{}(bytes) ^ static_cast<std::size_t>(address.family());
}

std::size_t hash_value(const Endpoint& endpoint) {
  return hash_value(endpoint.address) * 31 + endpoint.port;
}

}  // namespace dvpn::net
