// SPDX-License-Identifier: GPL-2.0-or-later
// The half from the target to the channel: puts what comes into data frames. The answer to the request goes out
// through it as well, so that nothing can overtake it.
//
// A long frame is made inside a pipe: its header is written there, then exactly as many bytes as the target's receive
// queue was seen to hold are spliced behind it. Header and payload leave together; a header on its own would wake
// sshd for a packet of four bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "relay/copy.h"
#include "wire/status.h"

namespace dvpn::relay {

class CopyDown {
 public:
  /// Moves up to about `budget` bytes. kEnded: the target finished and the end frame is on its way.
  CopyResult advance(Side& target, Side& channel, CopyContext& context, std::size_t budget);

  /// Sends what is held and in transit, without reading the target: kEnded when all is gone.
  CopyResult flush(Side& channel, CopyContext& context);

  /// Puts bytes of our own (an answer, a reset frame) behind what is held. Only while at_boundary() or flushing.
  void enqueue(std::string_view bytes, CopyContext& context);

  /// No frame is begun whose payload still has to be read from the target.
  bool at_boundary() const { return promised_ == 0; }
  bool idle() const { return held_.empty() && transit_.empty(); }

  /// The other half has finished already: `ready` is said right behind the end, in the same packet.
  void say_ready() { says_ready_ = !finished_; }
  bool said_ready() const { return finished_ && says_ready_; }

  /// The target is known to have failed: when its receive queue is read, that is no clean end.
  void expect_failure() { failing_ = true; }

  /// The flow is over: what is held goes.
  void drop(CopyContext& context);

  int error() const { return error_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  enum class Next : std::uint8_t { kGoOn, kStop };

  bool begin_long_frame(Side& target, CopyContext& context);
  Next fill_frame(Side& target, CopyContext& context, CopyResult& result);
  Next copy_frame(Side& target, Side& channel, CopyContext& context, CopyResult& result);
  Next failed_to_read(Side& target, ssize_t n, CopyResult& result);

  Held held_;
  Transit transit_;
  std::uint64_t bytes_ = 0;
  std::uint32_t promised_ = 0;  ///< bytes of the frame begun that are still in the target's receive queue
  int error_ = 0;
  bool bulk_ = false;      ///< the last read filled the buffer: there is probably more
  bool failing_ = false;
  bool finished_ = false;  ///< the target's FIN was read
  bool says_ready_ = false;
};

}  // namespace dvpn::relay
