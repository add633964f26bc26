// SPDX-License-Identifier: GPL-2.0-or-later
// What a gateway asks a relay on a fresh channel (PROTOCOL.md, "Request"). Pure encoding and decoding.
// A reader takes kHeaderSize bytes, asks request_body_length() how many follow, takes those, and hands all of them
// to decode_request(): it never has to read past the request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"
#include "wire/status.h"

namespace dvpn::wire {

/// Of a request and of an answer.
constexpr std::size_t kHeaderSize = 4;
/// Bytes after the header, at most.
constexpr std::size_t kMostBody = 1024;

enum class Kind : std::uint8_t { kHello = 1, kTcp = 2, kUdp = 3, kEcho = 4, kWouldAllow = 5 };

/// "hello", "tcp", …
std::string_view to_text(Kind kind);

struct Request {
  Kind kind = Kind::kHello;
  std::optional<net::Endpoint> target{};  ///< present in all but hello; its port is 0 only for echo
  std::optional<net::Endpoint> client{};  ///< where the flow came from originally
  std::optional<std::chrono::milliseconds> deadline{};  ///< how long the connect may take; at most 2^32-1 ms
  bool again = false;  ///< once the flow has finished, the channel shall take another request
  std::optional<Kind> about{};  ///< would-allow: the kind that is asked about; tcp if it is not there
  bool operator==(const Request&) const = default;
};

std::string encode(const Request& request);

/// How many bytes follow a request's header of kHeaderSize bytes. kUnsupported: a version or kind that is not known
/// here; kMalformed: too long.
std::expected<std::size_t, Status> request_body_length(std::string_view header);

/// `bytes` is one whole request, header included. kUnsupported: as above, or an unknown value that is marked
/// critical; kMalformed: everything else that is wrong.
std::expected<Request, Status> decode_request(std::string_view bytes);

}  // namespace dvpn::wire
