// SPDX-License-Identifier: GPL-2.0-or-later
// What a relay answers (PROTOCOL.md, "Answer"). Pure encoding and decoding; read like a request: kHeaderSize bytes,
// then as many as answer_body_length() says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"
#include "wire/request.h"
#include "wire/status.h"

namespace dvpn::wire {

/// Bits of Answer::features.
constexpr std::uint32_t kFeatureTcp = 1u << 0;
constexpr std::uint32_t kFeatureUdp = 1u << 1;
constexpr std::uint32_t kFeatureEcho = 1u << 2;
constexpr std::uint32_t kFeatureWouldAllow = 1u << 3;

struct Versions {
  std::uint8_t lowest = 1;
  std::uint8_t highest = 1;
  bool operator==(const Versions&) const = default;
};

struct Answer {
  Status status = Status::kFailed;
  std::optional<Versions> versions{};
  std::optional<std::uint32_t> features{};
  std::string software{};  ///< at most 255 bytes; for people
  std::optional<std::chrono::microseconds> connect_time{};
  std::optional<net::Endpoint> local{};  ///< the relay's end of the connection to the target
  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> clock{};  ///< the relay's; from 1970 to 9999
  Limit limit = Limit::kNone;  ///< with kLimit; kNone: its machine's, or an older relay's
  bool operator==(const Answer&) const = default;
};

std::string encode(const Answer& answer);

/// "limit reached: limits.flows in its relay.yaml", for people.
std::string no_text(const Answer& answer);

/// How many bytes follow an answer's header of kHeaderSize bytes. kUnsupported: another version; kMalformed: too long.
std::expected<std::size_t, Status> answer_body_length(std::string_view header);

/// `bytes` is one whole answer, header included. Errors as for decode_request().
std::expected<Answer, Status> decode_answer(std::string_view bytes);

}  // namespace dvpn::wire
