// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/datagram.h"

#include <algorithm>

#include "wire/values.h"

namespace dvpn::wire {

namespace {

constexpr std::uint32_t kLongestUnreachable = 64;
constexpr std::size_t kTokenSize = 4;

bool is_extension(FrameType type) { return static_cast<std::uint8_t>(type) >= 0x80; }

bool is_allowed(FrameType type, std::uint32_t length) {
  switch (type) {
    case FrameType::kDatagram: return length <= kMostDatagram;
    case FrameType::kUnreachable: return length >= 1 && length <= kLongestUnreachable;
    case FrameType::kEnd: return length == 0;
    case FrameType::kReset: return length == 1;
    case FrameType::kData:
    case FrameType::kReady: break;
  }
  return false;
}

}  // namespace

DatagramParser::Event DatagramParser::next(std::string_view& chunk) {
  if (last_) return *last_;
  if (said_) {
    collected_ = std::string();  // gives the memory back
    said_ = false;
  }
  for (;;) {
    if (current_ == Current::kHeader) {
      if (!take_header(chunk)) return {};
      if (const Event event = begin_frame(); event.kind != Kind::kNeedMore) return event;
    } else if (current_ == Current::kSkipped) {
      const std::size_t skipped = std::min<std::size_t>(left_, chunk.size());
      chunk.remove_prefix(skipped);
      left_ -= static_cast<std::uint32_t>(skipped);
      if (left_ > 0) return {};
      current_ = Current::kHeader;
    } else {
      const auto payload = take_whole(chunk);
      if (!payload) return {};
      current_ = Current::kHeader;
      return finish_frame(*payload);
    }
  }
}

bool DatagramParser::take_header(std::string_view& chunk) {
  const std::size_t wanted = std::min(kFrameHeaderSize - have_, chunk.size());
  std::copy_n(chunk.data(), wanted, header_.data() + have_);
  have_ = static_cast<std::uint8_t>(have_ + wanted);
  chunk.remove_prefix(wanted);
  return have_ == kFrameHeaderSize;
}

/// The header is complete: an event that it is already, or what kind of payload follows.
DatagramParser::Event DatagramParser::begin_frame() {
  const FrameHeader header = decode_frame_header(header_.data());
  have_ = 0;
  left_ = header.length;
  type_ = header.type;
  if (type_ == FrameType::kReady && left_ == 0) return stop({Kind::kReady, {}, Status::kOk});
  if (is_extension(type_)) {
    current_ = Current::kSkipped;
    return {};
  }
  if (!is_allowed(type_, left_)) return stop({Kind::kError, {}, Status::kMalformed});
  current_ = Current::kWhole;
  return {};
}

/// The payload, once all of it is there: out of the chunk if it can be, else out of what was collected.
std::optional<std::string_view> DatagramParser::take_whole(std::string_view& chunk) {
  const std::string_view taken = chunk.substr(0, left_);
  chunk.remove_prefix(taken.size());
  left_ -= static_cast<std::uint32_t>(taken.size());
  if (left_ == 0 && collected_.empty()) return taken;
  if (collected_.empty()) collected_.reserve(taken.size() + left_);
  collected_ += taken;
  if (left_ > 0) return std::nullopt;
  said_ = true;
  return collected_;
}

DatagramParser::Event DatagramParser::finish_frame(std::string_view payload) {
  switch (type_) {
    case FrameType::kDatagram: return {Kind::kDatagram, payload, Status::kOk};
    case FrameType::kEnd: return stop({Kind::kEnd, {}, Status::kOk});
    case FrameType::kReset:
      return stop({Kind::kReset, {}, status_from_byte(static_cast<std::uint8_t>(payload.front()))});
    case FrameType::kUnreachable:
      return {Kind::kUnreachable, payload.substr(1), status_from_byte(static_cast<std::uint8_t>(payload.front()))};
    case FrameType::kData:
    case FrameType::kReady: break;
  }
  return stop({Kind::kError, {}, Status::kMalformed});
}

DatagramParser::Event DatagramParser::stop(Event event) {
  last_ = event;
  return event;
}

bool DatagramParser::forget() {
  if (held() == 0) return false;
  collected_ = std::string();
  current_ = Current::kSkipped;
  return true;
}

std::string encode_unreachable(Status reason, std::string_view detail) {
  const auto header =
      encode_frame_header(FrameType::kUnreachable, static_cast<std::uint32_t>(1 + detail.size()));
  std::string out(header.data(), header.size());
  out += static_cast<char>(reason);
  out += detail;
  return out;
}

std::array<char, kEchoHeaderSize> encode_echo_header(std::uint32_t token, std::uint8_t hops) {
  std::array<char, kEchoHeaderSize> out{};
  std::ranges::copy(encode_token(token), out.begin());
  out[kTokenSize] = static_cast<char>(hops);
  return out;
}

std::optional<Echo> decode_echo(std::string_view datagram) {
  if (datagram.size() < kEchoHeaderSize) return std::nullopt;
  return Echo{read_u32(datagram.data()), static_cast<std::uint8_t>(datagram[kTokenSize]),
              datagram.substr(kEchoHeaderSize)};
}

std::string encode_token(std::uint32_t token) {
  std::string out;
  append_u32(out, token);
  return out;
}

std::optional<std::uint32_t> decode_token(std::string_view detail) {
  if (detail.size() < kTokenSize) return std::nullopt;
  return read_u32(detail.data());
}

}  // namespace dvpn::wire
