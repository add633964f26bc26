// SPDX-License-Identifier: GPL-2.0-or-later
// The frames of a flow of datagrams, UDP's or ping's (PROTOCOL.md, "Flows of datagrams"): a parser that gives whole
// datagrams, and what an echo's datagram holds. Pure.
//
// A frame that comes whole in one chunk is not copied. One that is cut is collected, at most kMostDatagram bytes; its
// owner sees how much that is with held(), and may give it up with forget(), for datagrams may be lost.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/frame.h"
#include "wire/status.h"

namespace dvpn::wire {

/// The payload of a datagram frame: more than UDP or ICMP can hold in either family.
constexpr std::uint32_t kMostDatagram = 65'535;

/// One direction of one channel with datagrams in it.
class DatagramParser {
 public:
  enum class Kind : std::uint8_t {
    kNeedMore,     ///< the chunk is used up
    kDatagram,     ///< `payload`, whole; it may be empty
    kUnreachable,  ///< a datagram did not arrive, for `reason`; `payload` is what follows the reason
    kReady,        ///< the relay has finished the flow and takes another request
    kEnd,          ///< the flow is over
    kReset,        ///< the flow is over, for `reason`
    kError,        ///< the other end broke the protocol: reset the flow with kMalformed
  };
  struct Event {
    Kind kind = Kind::kNeedMore;
    std::string_view payload{};
    Status reason = Status::kOk;
  };

  /// Takes what makes up the next event off the front of `chunk`. `payload` is valid until the next call or until the
  /// chunk goes. After kReady, kEnd, kReset or kError it says the same again and
  /// takes nothing.
  Event next(std::string_view& chunk);

  /// Bytes of memory for a frame that has not come whole yet.
  std::size_t held() const { return said_ || collected_.empty() ? 0 : collected_.capacity(); }
  /// Gives up the frame that is being collected: what is still to come of it is skipped. False if there is none.
  bool forget();

 private:
  enum class Current : std::uint8_t { kHeader, kWhole, kSkipped };

  bool take_header(std::string_view& chunk);
  std::optional<std::string_view> take_whole(std::string_view& chunk);
  Event begin_frame();
  Event finish_frame(std::string_view payload);
  Event stop(Event event);

  std::string collected_;
  std::uint32_t left_ = 0;  ///< of the current payload
  std::array<char, kFrameHeaderSize> header_{};
  std::uint8_t have_ = 0;  ///< bytes in header_
  FrameType type_ = FrameType::kDatagram;
  Current current_ = Current::kHeader;
  bool said_ = false;  ///< the last event points into collected_
  std::optional<Event> last_;
};

/// A frame that says a datagram did not arrive; `detail` names which, in an echo flow.
std::string encode_unreachable(Status reason, std::string_view detail = {});

/// What a datagram of an echo flow holds.
struct Echo {
  std::uint32_t token = 0;  ///< the asker's, given back as it came
  std::uint8_t hops = 0;    ///< of a reply: the TTL or hop limit that it came with; of a request: 0
  std::string_view payload{};
  bool operator==(const Echo&) const = default;
};
constexpr std::size_t kEchoHeaderSize = 5;

/// What stands before the payload.
std::array<char, kEchoHeaderSize> encode_echo_header(std::uint32_t token, std::uint8_t hops);
/// Nothing if it is too short.
std::optional<Echo> decode_echo(std::string_view datagram);

/// The token alone, as the detail of an `unreachable`; nothing if it is none.
std::string encode_token(std::uint32_t token);
std::optional<std::uint32_t> decode_token(std::string_view detail);

}  // namespace dvpn::wire
