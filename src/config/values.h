// SPDX-License-Identifier: GPL-2.0-or-later
// The kinds of value that configurations hold: each reads a word or says why it is none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "config/daemon_config.h"
#include "config/section.h"
#include "net/address.h"

namespace dvpn::config {

/// Of a file, without control characters.
Value<std::string> absolute_path(std::string_view word);
/// A path short enough for a unix socket's address (unix(7): 108 bytes with the final zero).
Value<std::string> socket_path(std::string_view word);
/// What the kernel takes (at most 15 bytes) less what iptables or a shell would read as something else.
Value<std::string> interface_name(std::string_view word);
/// What a site is called in a table, as one word without dots at its ends: at most 63 of [A-Za-z0-9._-], and no address.
Value<std::string> site_name(std::string_view word);
/// What can be a gateway in a table, by its characters; whether it is one, the table's grammar says.
Value<std::string> gateway_word(std::string_view word);
Value<std::string> account_name(std::string_view word);
Value<std::string> account_name_or_empty(std::string_view word);
/// At most 24 of [A-Za-z0-9_-]: the family and a suffix are appended, and ipset stops at 31.
Value<std::string> set_name(std::string_view word);
/// Algorithm names separated by commas.
Value<std::string> cipher_list(std::string_view word);
Value<net::Prefix> network(std::string_view word);
/// What an access list may name, loopback blocks included.
Value<net::Prefix> reachable_network(std::string_view word);
Value<net::Endpoint> endpoint(std::string_view word);
/// ADDRESS:PORT, the absolute path of a unix socket, or nothing at all.
Value<HttpListen> http_listen(std::string_view word);
/// A host name, in lower case.
Value<std::string> host_name(std::string_view word);
Value<net::Port> port(std::string_view word);
/// Of a netfilter queue: 0..65535.
Value<std::uint16_t> queue_number(std::string_view word);
/// Four adjacent bits of a packet's mark: "0x0f000000".
Value<std::uint32_t> mark_bits(std::string_view word);
Value<bool> boolean(std::string_view word);
Value<LogLevel> log_level(std::string_view word);

Value<std::uint32_t> number_between(std::string_view word, std::uint32_t least, std::uint32_t most);
Value<std::chrono::milliseconds> duration_between(std::string_view word, std::chrono::milliseconds least,
                                                  std::chrono::milliseconds most);
Value<std::uint64_t> size_between(std::string_view word, std::uint64_t least, std::uint64_t most);

/// The readers for Section::read: a whole number, a duration, a size in bytes, in a closed range.
inline auto number(std::uint32_t least, std::uint32_t most) {
  return [=](std::string_view word) { return number_between(word, least, most); };
}
inline auto duration(std::chrono::milliseconds least, std::chrono::milliseconds most) {
  return [=](std::string_view word) { return duration_between(word, least, most); };
}
inline auto size(std::uint64_t least, std::uint64_t most) {
  return [=](std::string_view word) { return size_between(word, least, most); };
}

}  // namespace dvpn::config
