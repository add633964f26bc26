// SPDX-License-Identifier: GPL-2.0-or-later
// One channel as a byte stream. Nothing here blocks; readiness is awaited.
//
// Theory of operation. libssh buffers what arrives, up to the channel's receive window, and opens the window again as
// it is read. So reading is all or nothing: a reader takes everything that has arrived, and only when it has passed on
// what it took before; otherwise the window would reopen without bound. Writing is bounded by the far window and by the
// session's backlog. Callbacks of libssh only set flags here; the session wakes the waiters after each round.
//
// Owner: the flow. When the object goes, the session closes what is left of the channel on the wire; it must not
// outlive its session.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "net/signal.h"
#include "ssh/failure.h"

namespace dvpn::ssh {

class Session;
struct ChannelState;

class Channel {
 public:
  Channel(Session& session, std::unique_ptr<ChannelState> state);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  struct Read {
    std::size_t bytes = 0;  ///< written into the buffer
    bool eof = false;       ///< nothing more will come; the far side closed its half, or the session is gone
    bool lost = false;      ///< with eof: because the session broke, not because the far side said so
  };

  /// Takes everything that has arrived. `buffer` holds at least kMostBuffered bytes. `window` (bytes) is how far the
  /// receive window is opened from here on; 0 leaves it at libssh's own size. Without data: bytes 0, eof false.
  Read read(std::span<char> buffer, std::uint32_t window);

  /// How many bytes write() would take now: the lesser of the far window and the session's room. 0 when closed.
  std::size_t writable() const;

  /// Takes what it can, at most writable() bytes, and returns how many. It may take less, even nothing, while keys are
  /// renegotiated: keep the rest and wait_writable().
  std::size_t write(std::string_view data);

  /// Sends the end of our half. Only after everything was written.
  void send_eof();

  /// False once the session broke or the far side closed the whole channel: nothing can be written any more.
  bool alive() const;

  /// Nothing has come on it that was not read, no end either, and it can be written to.
  bool untouched() const;

  Session& session() const { return session_; }

  /// Each returns when it is worth trying again, or the channel has ended. Unbounded: ended by data, by the far side, by
  /// the session's end (whose keepalives bound it), or by wake().
  net::Task<> wait_readable();
  net::Task<> wait_writable();
  /// As wait_readable(), but returns as well when the session does not answer any more (Session::answers()).
  net::Task<> wait_answer();
  /// Returns when the far side has closed the whole channel, or it has ended. Unbounded like the others.
  net::Task<> wait_closed();

  /// The session's, see Session::round_trip().
  std::chrono::microseconds round_trip() const;

  /// Lets the waits return, so that a flow that is being stopped can look around.
  void wake();
  /// Takes wake() back: the channel goes on to another flow.
  void rest();
  /// It has carried a flow before.
  bool kept() const;
  /// Its receive window was opened beyond libssh's own. The far side keeps that window and libssh the buffer behind it, for as long as
  /// the channel lives.
  bool widened() const;

  /// What one read() can return at most: the largest window, and what a peer may have in flight beyond it.
  static constexpr std::size_t kMostWindow = 16u << 20;
  static constexpr std::size_t kMostBuffered = kMostWindow + (2u << 20);

 private:
  Session& session_;
  std::unique_ptr<ChannelState> state_;
};

}  // namespace dvpn::ssh
