// SPDX-License-Identifier: GPL-2.0-or-later
// Frames: what both directions of a channel carry after the yes (PROTOCOL.md, "Frames"). Headers, and the parser of a
// stream flow (tcp), that turns a byte stream, in whatever pieces it comes, into spans of payload and events. Pure;
// copies no payload. The frames of datagrams have a parser of their own: datagram.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/status.h"

namespace dvpn::wire {

constexpr std::size_t kFrameHeaderSize = 4;
constexpr std::uint32_t kMostPayload = (1u << 24) - 1;

/// From 0x80 on, types that the receiver does not know are skipped.
enum class FrameType : std::uint8_t {
  kData = 0,         ///< stream flows only
  kEnd = 1,          ///< of a half, in a stream flow; of the flow, in one of datagrams
  kReset = 2,
  kDatagram = 3,     ///< flows of datagrams only
  kUnreachable = 4,  ///< flows of datagrams only
  kReady = 0x80,
};

struct FrameHeader {
  FrameType type = FrameType::kData;
  std::uint32_t length = 0;
};

/// `length` is at most kMostPayload.
std::array<char, kFrameHeaderSize> encode_frame_header(FrameType type, std::uint32_t length);
FrameHeader decode_frame_header(const char* bytes);

std::string encode_end();
std::string encode_ready();
std::string encode_reset(Status reason);

/// One direction of one channel with a stream in it.
class FrameParser {
 public:
  enum class Kind : std::uint8_t {
    kNeedMore,  ///< the chunk is used up
    kData,      ///< `data` is the next piece of payload
    kEnd,       ///< this half is finished: no data follows, a reset still may
    kReady,     ///< after the end: the relay has finished the flow and takes another request
    kReset,     ///< the flow is over, for `reason`
    kError,     ///< the other end broke the protocol: reset the flow with kMalformed
  };
  struct Event {
    Kind kind = Kind::kNeedMore;
    std::string_view data{};
    Status reason = Status::kOk;
  };

  /// Takes what makes up the next event off the front of `chunk`. `data` points into the chunk. After kReset or
  /// kError it says the same again and takes nothing.
  Event next(std::string_view& chunk);

  /// The end frame has come: a channel that ends now is not broken.
  bool ended() const { return state_ == State::kEnded; }

  /// Bytes of the current data frame that are still to come. The caller may take up to so many from the stream
  /// itself (splice(2)) and say so with took().
  std::uint32_t data_left() const { return current_ == Current::kData ? left_ : 0; }
  void took(std::uint32_t bytes);

 private:
  enum class State : std::uint8_t { kOpen, kEnded, kReset, kBroken };
  enum class Current : std::uint8_t { kHeader, kData, kSkipped, kReason };

  Event begin_frame();

  std::uint32_t left_ = 0;  ///< of the current payload
  std::array<char, kFrameHeaderSize> header_{};
  std::uint8_t have_ = 0;  ///< bytes in header_
  State state_ = State::kOpen;
  Current current_ = Current::kHeader;
  Status reason_ = Status::kOk;
};

}  // namespace dvpn::wire
