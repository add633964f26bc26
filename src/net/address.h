// SPDX-License-Identifier: GPL-2.0-or-later
// IP addresses, prefixes and endpoints as values. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is always held as
// the IPv4 address that it stands for, so that no check can be walked around by writing it the other way.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dvpn::net {

enum class Family : std::uint8_t { kIPv4, kIPv6 };

using Port = std::uint16_t;

class Address {
 public:
  using Bytes = std::array<std::uint8_t, 16>;  ///< network order; IPv4 uses the first four, the rest is zero

  Address() = default;  ///< 0.0.0.0
  static Address from_ipv4(std::uint32_t host_order);
  /// `bytes` holds 4 or 16 bytes in network order; any other size gives nothing.
  static std::optional<Address> from_bytes(std::string_view bytes);
  /// Numbers only, without zone, brackets or leading zeros in IPv4 (inet_pton(3)).
  static std::optional<Address> parse(std::string_view word);

  Family family() const { return family_; }
  bool is_ipv4() const { return family_ == Family::kIPv4; }
  const Bytes& bytes() const { return bytes_; }
  unsigned width() const { return is_ipv4() ? 32 : 128; }  ///< bits
  std::uint32_t ipv4() const;                              ///< host order; IPv4 only

  bool is_unspecified() const;
  bool is_loopback() const;    ///< 127/8, ::1
  bool is_link_local() const;  ///< 169.254/16, fe80::/10
  bool is_multicast() const;   ///< 224/4, ff00::/8
  bool is_broadcast() const;   ///< 255.255.255.255

  std::string to_string() const;

  auto operator<=>(const Address&) const = default;

 private:
  friend class Prefix;

  Family family_ = Family::kIPv4;
  Bytes bytes_{};
};

/// An address block. The address has no bits beyond the length.
class Prefix {
 public:
  Prefix() = default;  ///< 0.0.0.0/0
  /// Nothing if the length is beyond the family's width or the address has host bits.
  static std::optional<Prefix> make(const Address& address, unsigned length);
  /// The block of that length around the address. `length` is at most the family's width.
  static Prefix around(const Address& address, unsigned length);
  /// "10.0.0.0/8"; a plain address is a block of itself alone. Host bits give nothing.
  static std::optional<Prefix> parse(std::string_view word);

  const Address& address() const { return address_; }
  unsigned length() const { return length_; }
  Family family() const { return address_.family(); }

  bool contains(const Address& address) const;
  bool contains(const Prefix& other) const;  ///< equal blocks contain each other
  bool overlaps(const Prefix& other) const { return contains(other) || other.contains(*this); }
  Address last() const;  ///< the highest address of the block

  std::string to_string() const;

  auto operator<=>(const Prefix&) const = default;

 private:
  Address address_;
  std::uint8_t length_ = 0;  // a byte: tables hold many of these
};

struct Endpoint {
  Address address;
  Port port = 0;

  /// "10.0.0.1:22", "[fd00::1]:22"; the port is 1..65535.
  static std::optional<Endpoint> parse(std::string_view word);
  /// Nothing for a family other than AF_INET and AF_INET6.
  static std::optional<Endpoint> from_sockaddr(const sockaddr_storage& storage);

  std::string to_string() const;
  /// Fills `storage`, returns the length to hand to bind(2) or connect(2).
  socklen_t to_sockaddr(sockaddr_storage& storage) const;

  auto operator<=>(const Endpoint&) const = default;
};

std::size_t hash_value(const Address& address);
std::size_t hash_value(const Endpoint& endpoint);

}  // namespace dvpn::net

template <>
struct std::hash<dvpn::net::Address> {
  std::size_t operator()(const dvpn::net::Address& address) const { return hash_value(address); }
};
template <>
struct std::hash<dvpn::net::Endpoint> {
  std::size_t operator()(const dvpn::net::Endpoint& endpoint) const { return hash_value(endpoint); }
};
