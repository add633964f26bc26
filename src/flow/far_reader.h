// SPDX-License-Identifier: GPL-2.0-or-later
// Understands what comes down a channel: for a relay an answer and then frames, for via=direct the bytes themselves.
// Pure: fed with what was read, it says what it means. It copies no payload.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "flow/end_reason.h"
#include "table/table.h"
#include "wire/answer.h"
#include "wire/frame.h"

namespace dvpn::flow {

class FarReader {
 public:
  explicit FarReader(table::Via via) : answered_(via == table::Via::kDirect), framed_(via == table::Via::kRelay) {}

  enum class Kind : std::uint8_t {
    kNeedMore,  ///< the chunk is used up
    kYes,       ///< the relay has connected
    kData,      ///< `data` is for the client
    kEnd,       ///< the target's half is finished
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

  bool answered_;
  bool framed_;
  std::string answer_;  // as much of it as has come; bounded by the protocol
  wire::FrameParser frames_;
};

/// How a relay's word ends a flow.
EndReason end_reason(wire::Status status);

}  // namespace dvpn::flow
