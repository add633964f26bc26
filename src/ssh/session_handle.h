// SPDX-License-Identifier: GPL-2.0-or-later
// What Session and Channel hold of libssh. Included by this module's own files alone.
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "ssh/channel.h"

#include "ssh/session.h"
#include "ssh/socket_buffer.h"

namespace dvpn::ssh {

/// libssh closes its descriptor by itself when it meets an error; the event loop waits on duplicates, so that a number
/// that was closed and given away again is never waited for. Room to write has a duplicate of its own: once asked for, it
/// is reported with every event of a descriptor (epoll(7), EPOLLET).
struct Session::Handle {
  explicit Handle(const net::Executor& executor) : session(ssh_new()), descriptor(executor), writable(executor) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (event != nullptr) {
      ssh_event_remove_session(event, session);
      ssh_event_free(event);
    }
    ssh_free(session);  // frees what channels are left, closes its descriptor
  }

  /// Says goodbye and closes: ssh_disconnect() itself leaves a descriptor that was handed over open, and forgets it. Only
  /// while the socket is registered: libssh closes it when it cannot write, and SocketBuffer::send() never fails.
  void disconnect() {
    const UniqueFd handed_over(ssh_get_fd(session));
    (void)socket.flush();
    ssh_disconnect(session);
    (void)socket.flush();
    socket.detach();
  }

  /// Closes without a word what libssh has not closed already: by now its number may be another thread's connection.
  void abandon() {
    socket.detach();
    ssh_silent_disconnect(session);
  }

  ssh_session session;
  ssh_event event = nullptr;
  net::Descriptor descriptor;
  net::Descriptor writable;
  SocketBuffer socket;
  ssh_counter_struct socket_bytes{};  // what libssh has read and written
};

/// Where a channel leads.
struct Session::Target {
  enum class Kind { kUnix, kTcp } kind;
  std::string name;  // path, or host
  net::Port port = 0;

  /// The same call with the same arguments starts the opening and asks how it goes (libssh's way).
  int open(ssh_channel channel) const {
    if (kind == Kind::kUnix) return ssh_channel_open_forward_unix(channel, name.c_str(), "127.0.0.1", 0);
    return ssh_channel_open_forward(channel, name.c_str(), port, "127.0.0.1", 0);
  }
};

enum class ChannelPhase { kOpening, kOpen, kDenied, kLost };

struct ChannelState {
  ChannelState(const net::Executor& executor, ssh_channel channel) : handle(channel), readable(executor), writable(executor) {}

  ssh_channel handle;
  ssh_channel_callbacks_struct callbacks{};
  Session* session = nullptr;
  std::unique_ptr<Session::Target> target;
  std::uint32_t number = 0;  // libssh's local channel number
  ChannelPhase phase = ChannelPhase::kOpening;
  OpenFailure denial{};
  net::Signal readable;  // also: opened or denied
  net::Signal writable;
  std::size_t read_since = 0;  // bytes, since the window was last reopened
  bool dirty = false;  // listed in Session::dirty_
  bool data = false;   // something has arrived since the last read
  bool eof = false;
  bool closed = false;  // the far side closed the whole channel
  bool woken = false;   // the flow is being stopped: no more waiting
  bool kept = false;    // see Channel::rest()
  bool widened = false;  // see Channel::widened()
  bool waits_to_write = false;  // listed in Session::write_waiters_
};

}  // namespace dvpn::ssh
