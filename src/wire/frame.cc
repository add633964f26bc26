// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/frame.h"

#include <algorithm>
#include <cassert>

namespace dvpn::wire {

std::array<char, kFrameHeaderSize> encode_frame_header(FrameType type, std::uint32_t length) {
  return {static_cast<char>(type), static_cast<char>(length >> 16 & 0xff), static_cast<char>(length >> 8 & 0xff),
          static_cast<char>(length & 0xff)};
}

FrameHeader decode_frame_header(const char* bytes) {
  std::uint32_t length = 0;
  for (int i = 1; i < 4; ++i) length = length << 8 | static_cast<std::uint8_t>(bytes[i]);
  return {static_cast<FrameType>(bytes[0]), length};
}

namespace {

std::string encode_empty(FrameType type) {
  const auto header = encode_frame_header(type, 0);
  return {header.data(), header.size()};
}

}  // namespace

std::string encode_end() { return encode_empty(FrameType::kEnd); }
std::string encode_ready() { return encode_empty(FrameType::kReady); }

std::string encode_reset(Status reason) {
  const auto header = encode_frame_header(FrameType::kReset, 1);
  std::string out(header.data(), header.size());
  out += static_cast<char>(reason);
  return out;
}

FrameParser::Event FrameParser::next(std::string_view& chunk) {
  for (;;) {
    if (state_ == State::kReset) return {Kind::kReset, {}, reason_};
    if (state_ == State::kBroken) return {Kind::kError, {}, Status::kMalformed};
    if (chunk.empty()) return {};
    if (current_ == Current::kHeader) {
      const std::size_t wanted = std::min(kFrameHeaderSize - have_, chunk.size());
      std::copy_n(chunk.data(), wanted, header_.data() + have_);
      have_ = static_cast<std::uint8_t>(have_ + wanted);
      chunk.remove_prefix(wanted);
      if (have_ < kFrameHeaderSize) return {};
      if (const Event event = begin_frame(); event.kind != Kind::kNeedMore) return event;
      continue;
    }
    const std::string_view taken = chunk.substr(0, left_);
    chunk.remove_prefix(taken.size());
    if (current_ == Current::kReason) {
      state_ = State::kReset;
      reason_ = status_from_byte(static_cast<std::uint8_t>(taken.front()));
      continue;
    }
    const bool is_data = current_ == Current::kData;
    left_ -= static_cast<std::uint32_t>(taken.size());
    if (left_ == 0) current_ = Current::kHeader;
    if (is_data) return {Kind::kData, taken, Status::kOk};
  }
}

/// The header is complete: what kind of payload follows, or the event that the header is already.
FrameParser::Event FrameParser::begin_frame() {
  const FrameHeader header = decode_frame_header(header_.data());
  have_ = 0;
  left_ = header.length;
  if (header.type == FrameType::kReady && left_ == 0 && state_ == State::kEnded) return {Kind::kReady, {}, Status::kOk};
  const auto is_extension = static_cast<std::uint8_t>(header.type) >= 0x80;
  if (is_extension) {
    if (left_ > 0) current_ = Current::kSkipped;
    return {};
  }
  if (header.type == FrameType::kData && left_ > 0 && state_ == State::kOpen) {
    current_ = Current::kData;
    return {};
  }
  if (header.type == FrameType::kEnd && left_ == 0 && state_ == State::kOpen) {
    state_ = State::kEnded;
    return {Kind::kEnd, {}, Status::kOk};
  }
  if (header.type == FrameType::kReset && left_ == 1) {
    current_ = Current::kReason;
    return {};
  }
  state_ = State::kBroken;
  return {Kind::kError, {}, Status::kMalformed};
}

void FrameParser::took(std::uint32_t bytes) {
  assert(bytes <= data_left());
  left_ -= bytes;
  if (left_ == 0) current_ = Current::kHeader;
}

}  // namespace dvpn::wire
