// SPDX-License-Identifier: GPL-2.0-or-later
// Understands what comes down a channel: for a relay an answer and then frames, for via=direct the bytes themselves.
// Pure: fed with what was read, it says what it means. It copies no payload.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "flow/end_reason.h"
#include "flow/protocol.h"
#include "table/table.h"
#include "wire/answer.h"
#include "wire/datagram.h"
#include "wire/frame.h"

namespace dvpn::flow {

class FarReader {
 public:
  /// Datagrams come from relays alone.
  explicit FarReader(table::Via via, Protocol protocol = Protocol::kTcp)
      : answered_(via == table::Via::kDirect), framed_(via == table::Via::kRelay), datagrams_(protocol != Protocol::kTcp) {}

  enum class Kind : std::uint8_t {
    kNeedMore,  ///< the chunk is used up
    kYes,       ///< the relay has connected
    kData,      ///< `data` is for the client
    kDatagram,  ///< `data` is one, for the client
    kUnreachable,  ///< one of the client's did not arrive, for `reason`
    kEnd,       ///< the target's half is finished; a flow of datagrams is over
    kReady,     ///< both are, and the channel takes another request
    kFail,      ///< the flow is over, for `reason`
  };
  struct Event {
    Kind kind = Kind::kNeedMore;
    std::string_view data{};
    EndReason reason = EndReason::kDone;
    std::string why{};
  };

  /// Takes what makes up the next event off the front of `chunk`.
  Event next(std::string_view& chunk);

  /// What the end of the channel means now; `lost`: the session broke.
  Event at_eof(bool lost) const;

 private:
  Event read_answer(std::string_view& chunk);
  Event read_datagram(std::string_view& chunk);

  bool answered_;
  bool framed_;
  bool datagrams_;
  std::string answer_;  // as much of it as has come; bounded by the protocol
  wire::FrameParser frames_;
  wire::DatagramParser datagram_frames_;
};

/// How a relay's word ends a flow.
EndReason end_reason(wire::Status status);

}  // namespace dvpn::flow
