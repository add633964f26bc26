// SPDX-License-Identifier: GPL-2.0-or-later
// What both half copies share. A half moves bytes while both of its sides can go on, keeps whatever the receiver did
// not take, and reads nothing more until it did: that is all the back-pressure there is.
//
// Small payloads are copied through the loop's scratch buffer, header and payload in one call; long ones go through a
// lent pipe with splice(2). Both ends of a half are edge-triggered, so a half forgets that a side is ready only when
// the kernel said EAGAIN.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "relay/pipe_pool.h"
#include "wire/status.h"

namespace dvpn::relay {

/// From this many bytes on, splicing is cheaper than copying.
constexpr std::size_t kSpliceFrom = 64u << 10;

/// One end of a flow: its descriptor and what epoll last said about it.
struct Side {
  int fd = -1;
  bool readable = false;
  bool writable = false;
};

/// What the loop lends to a half for one turn.
struct CopyContext {
  PipePool& pipes;
  std::span<char> scratch;
  std::size_t held = 0;  ///< bytes in all Held buffers together

  /// How much to read at once into `scratch`. With much held already only a little, so that the sum stays bounded.
  std::size_t read_size() const;
  bool much_is_held() const;
};

enum class CopyResult : std::uint8_t {
  kBlocked,        ///< one side is not ready
  kTurnOver,       ///< the turn's budget is used up; more can be done
  kEnded,          ///< this half is complete and delivered
  kReset,          ///< up: a reset frame came
  kProtocolError,  ///< up: the frames are wrong
  kChannelClosed,  ///< up: the channel's half ended
  kChannelFailed,  ///< the channel gave an error
  kTargetFailed,   ///< the target gave an error: error()
};

/// Bytes that a receiver did not take, kept until it does.
class Held {
 public:
  bool empty() const { return bytes_.empty(); }
  void append(std::string_view bytes, CopyContext& context);
  /// Sends from the front: true when all is gone; false with errno set otherwise.
  bool send_to(int fd, CopyContext& context);
  void drop(CopyContext& context);

 private:
  std::string bytes_;
  std::size_t sent_ = 0;
};

/// A lent pipe and what is in it.
class Transit {
 public:
  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  bool holds_pipe() const { return pipe_ != nullptr; }
  /// Makes sure that there is a pipe; false if none is to be had.
  bool borrow(CopyContext& context);
  void give_back(CopyContext& context);

  /// The pipe is empty: puts a few bytes in front.
  void put(std::string_view bytes);
  /// splice(2) into the pipe, at most `most` bytes: its result, with errno.
  ssize_t fill_from(int fd, std::size_t most);
  /// splice(2) out of the pipe: its result, with errno.
  ssize_t drain_to(int fd);

 private:
  std::unique_ptr<Pipe> pipe_;
  std::size_t bytes_ = 0;
};

/// recv(2), repeated when a signal interrupts.
ssize_t receive(int fd, char* into, std::size_t most);

}  // namespace dvpn::relay
