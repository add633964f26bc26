// SPDX-License-Identifier: GPL-2.0-or-later
// The half from the channel to the target: takes frames apart and passes their payload on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "relay/copy.h"
#include "wire/frame.h"

namespace dvpn::relay {

class CopyUp {
 public:
  /// Moves up to about `budget` bytes. kEnded is said once, when all payload before the end frame is delivered;
  /// afterwards it goes on reading, because a reset may still come.
  CopyResult advance(Side& channel, Side& target, CopyContext& context, std::size_t budget);

  /// The flow is over: what is held goes.
  void drop(CopyContext& context);

  int error() const { return error_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  enum class Next : std::uint8_t { kGoOn, kStop };

  bool flush(Side& target, CopyContext& context, CopyResult& result);
  Next splice_payload(Side& channel, CopyContext& context, CopyResult& result);
  Next copy_frames(Side& channel, Side& target, CopyContext& context, CopyResult& result);
  void take_apart(std::string_view chunk, Side& target, CopyContext& context);

  wire::FrameParser parser_;
  Held held_;
  Transit transit_;
  std::uint64_t bytes_ = 0;
  int error_ = 0;
  bool end_said_ = false;
  CopyResult verdict_ = CopyResult::kBlocked;  ///< kReset or kProtocolError once it came
};

}  // namespace dvpn::relay
