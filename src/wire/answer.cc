// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/answer.h"

#include <algorithm>

#include "wire/values.h"

namespace dvpn::wire {

namespace {

constexpr std::uint8_t kVersions = 1;
constexpr std::uint8_t kFeatures = 2;
constexpr std::uint8_t kSoftware = 3;
constexpr std::uint8_t kConnectTime = 4;
constexpr std::uint8_t kLocal = 5;
constexpr std::uint8_t kClock = 6;
constexpr std::uint8_t kLimit = 7;

constexpr std::uint64_t kLatestClock = 253'402'300'799'999;  // 9999-12-31 23:59:59.999 UTC

constexpr std::size_t kLongestValue = 255;

std::string four_bytes(std::int64_t number) {
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(std::clamp<std::int64_t>(number, 0, UINT32_MAX)));
  return out;
}

std::string eight_bytes(std::uint64_t number) {
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(number >> 32));
  append_u32(out, static_cast<std::uint32_t>(number));
  return out;
}

bool store_clock(Answer& answer, std::string_view bytes) {
  if (answer.clock || bytes.size() != 8) return false;
  const std::uint64_t number = std::uint64_t{read_u32(bytes.data())} << 32 | read_u32(bytes.data() + 4);
  answer.clock.emplace(std::chrono::milliseconds(number));
  return number <= kLatestClock;
}

bool store_known(Answer& answer, const Value& value) {
  const std::string_view bytes = value.bytes;
  switch (value.type) {
    case kVersions:
      if (answer.versions || bytes.size() != 2) return false;
      answer.versions = {static_cast<std::uint8_t>(bytes[0]), static_cast<std::uint8_t>(bytes[1])};
      return answer.versions->lowest <= answer.versions->highest;
    case kFeatures:
      if (answer.features || bytes.size() != 4) return false;
      answer.features = read_u32(bytes.data());
      return true;
    case kSoftware:
      if (!answer.software.empty()) return false;
      answer.software = bytes;
      return true;
    case kConnectTime:
      if (answer.connect_time || bytes.size() != 4) return false;
      answer.connect_time = std::chrono::microseconds(read_u32(bytes.data()));
      return true;
    case kLocal:
      if (answer.local) return false;
      answer.local = decode_endpoint(bytes);
      return answer.local.has_value();
    case kClock: return store_clock(answer, bytes);
    default:  // kLimit
      if (answer.limit != Limit::kNone || bytes.size() != 1) return false;
      answer.limit = limit_from_byte(static_cast<std::uint8_t>(bytes[0]));
      return true;
  }
}

/// kOk, or why the whole answer is refused.
Status store(Answer& answer, const Value& value) {
  if (value.type < kVersions || value.type > kLimit) return value.critical ? Status::kUnsupported : Status::kOk;
  return store_known(answer, value) ? Status::kOk : Status::kMalformed;
}

}  // namespace

std::string encode(const Answer& answer) {
  std::string body;
  if (answer.versions) {
    const char bytes[] = {static_cast<char>(answer.versions->lowest), static_cast<char>(answer.versions->highest)};
    append_value(body, kVersions, {bytes, sizeof bytes});
  }
  if (answer.features) append_value(body, kFeatures, four_bytes(*answer.features));
  if (!answer.software.empty())
    append_value(body, kSoftware, std::string_view(answer.software).substr(0, kLongestValue));
  if (answer.connect_time) append_value(body, kConnectTime, four_bytes(answer.connect_time->count()));
  if (answer.local) append_value(body, kLocal, encode_endpoint(*answer.local));
  if (answer.clock) {
    const auto now = std::clamp<std::int64_t>(answer.clock->time_since_epoch().count(), 0, static_cast<std::int64_t>(kLatestClock));
    append_value(body, kClock, eight_bytes(static_cast<std::uint64_t>(now)));
  }
  if (answer.limit != Limit::kNone) append_value(body, kLimit, std::string(1, static_cast<char>(answer.limit)));
  return assemble(static_cast<std::uint8_t>(answer.status), body);
}

std::string no_text(const Answer& answer) {
  std::string out(to_text(answer.status));
  if (answer.limit != Limit::kNone) out.append(": ").append(key_of(answer.limit)).append(" in its relay.yaml");
  return out;
}

std::expected<std::size_t, Status> answer_body_length(std::string_view header) {
  if (header.size() != kHeaderSize) return std::unexpected(Status::kMalformed);
  if (static_cast<std::uint8_t>(header[0]) != kVersion) return std::unexpected(Status::kUnsupported);
  const std::size_t length = read_u16(header.data() + 2);
  if (length > kMostBody) return std::unexpected(Status::kMalformed);
  return length;
}

std::expected<Answer, Status> decode_answer(std::string_view bytes) {
  const auto length = answer_body_length(bytes.substr(0, kHeaderSize));
  if (!length) return std::unexpected(length.error());
  std::string_view body = bytes.substr(kHeaderSize);
  if (body.size() != *length) return std::unexpected(Status::kMalformed);
  Answer answer;
  answer.status = status_from_byte(static_cast<std::uint8_t>(bytes[1]));
  Status worst = Status::kOk;
  while (!body.empty()) {
    const auto value = take_value(body);
    if (!value) return std::unexpected(value.error());
    const Status stored = store(answer, *value);
    if (stored == Status::kMalformed) return std::unexpected(stored);
    if (stored != Status::kOk) worst = stored;
  }
  if (worst != Status::kOk) return std::unexpected(worst);
  return answer;
}

}  // namespace dvpn::wire
