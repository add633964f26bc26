// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/request.h"

#include <algorithm>

#include "wire/values.h"

namespace dvpn::wire {

namespace {

constexpr std::uint8_t kTarget = 1;
constexpr std::uint8_t kClient = 2;
constexpr std::uint8_t kDeadline = 3;
constexpr std::uint8_t kAbout = 4;
constexpr std::uint8_t kAgain = 5;

bool is_known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(Kind::kHello) && kind <= static_cast<std::uint8_t>(Kind::kWouldAllow);
}

/// False if the value is wrong or there twice.
bool store_endpoint(std::optional<net::Endpoint>& member, std::string_view bytes) {
  if (member) return false;
  member = decode_endpoint(bytes);
  return member.has_value();
}

bool store_deadline(std::optional<std::chrono::milliseconds>& member, std::string_view bytes) {
  if (member || bytes.size() != 4) return false;
  member = std::chrono::milliseconds(read_u32(bytes.data()));
  return true;
}

bool store_about(std::optional<Kind>& member, std::string_view bytes) {
  if (member || bytes.size() != 1) return false;
  member = static_cast<Kind>(bytes[0]);
  return *member == Kind::kTcp || *member == Kind::kUdp || *member == Kind::kEcho;
}

bool store_again(bool& member, std::string_view bytes) {
  if (member || !bytes.empty()) return false;
  member = true;
  return true;
}

/// kOk, or why the whole request is refused.
Status store(Request& request, const Value& value) {
  switch (value.type) {
    case kTarget: return store_endpoint(request.target, value.bytes) ? Status::kOk : Status::kMalformed;
    case kClient: return store_endpoint(request.client, value.bytes) ? Status::kOk : Status::kMalformed;
    case kDeadline: return store_deadline(request.deadline, value.bytes) ? Status::kOk : Status::kMalformed;
    case kAbout: return store_about(request.about, value.bytes) ? Status::kOk : Status::kMalformed;
    case kAgain: return store_again(request.again, value.bytes) ? Status::kOk : Status::kMalformed;
    default: return value.critical ? Status::kUnsupported : Status::kOk;
  }
}

bool target_fits(const Request& request) {
  if (request.kind == Kind::kHello) return true;
  const Kind about = request.kind == Kind::kWouldAllow ? request.about.value_or(Kind::kTcp) : request.kind;
  return request.target && (request.target->port != 0 || about == Kind::kEcho);
}

}  // namespace

std::string_view to_text(Kind kind) {
  switch (kind) {
    case Kind::kHello: return "hello";
    case Kind::kTcp: return "tcp";
    case Kind::kUdp: return "udp";
    case Kind::kEcho: return "echo";
    case Kind::kWouldAllow: return "would-allow";
  }
  return "unknown";
}

std::string encode(const Request& request) {
  std::string body;
  if (request.target) append_value(body, kTarget | kCritical, encode_endpoint(*request.target));
  if (request.client) append_value(body, kClient, encode_endpoint(*request.client));
  if (request.deadline) {
    std::string number;
    append_u32(number, static_cast<std::uint32_t>(std::clamp<std::int64_t>(request.deadline->count(), 0, UINT32_MAX)));
    append_value(body, kDeadline, number);
  }
  if (request.about) {
    const char kind = static_cast<char>(*request.about);
    append_value(body, kAbout | kCritical, {&kind, 1});
  }
  if (request.again) append_value(body, kAgain, {});
  return assemble(static_cast<std::uint8_t>(request.kind), body);
}

std::expected<std::size_t, Status> request_body_length(std::string_view header) {
  if (header.size() != kHeaderSize) return std::unexpected(Status::kMalformed);
  if (static_cast<std::uint8_t>(header[0]) != kVersion) return std::unexpected(Status::kUnsupported);
  const std::size_t length = read_u16(header.data() + 2);
  if (length > kMostBody) return std::unexpected(Status::kMalformed);
  if (!is_known(static_cast<std::uint8_t>(header[1]))) return std::unexpected(Status::kUnsupported);
  return length;
}

std::expected<Request, Status> decode_request(std::string_view bytes) {
  const auto length = request_body_length(bytes.substr(0, kHeaderSize));
  if (!length) return std::unexpected(length.error());
  std::string_view body = bytes.substr(kHeaderSize);
  if (body.size() != *length) return std::unexpected(Status::kMalformed);
  Request request;
  request.kind = static_cast<Kind>(bytes[1]);
  Status worst = Status::kOk;
  while (!body.empty()) {
    const auto value = take_value(body);
    if (!value) return std::unexpected(value.error());
    const Status stored = store(request, *value);
    if (stored == Status::kMalformed) return std::unexpected(stored);
    if (stored != Status::kOk) worst = stored;
  }
  if (worst != Status::kOk) return std::unexpected(worst);
  if (!target_fits(request)) return std::unexpected(Status::kMalformed);
  return request;
}

}  // namespace dvpn::wire
