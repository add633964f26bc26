// SPDX-License-Identifier: GPL-2.0-or-later
// Larger reads beneath libssh.
//
// libssh takes 4 KiB from its socket at a time, a poll(2) and a recv(2) for each: eight of both for one full packet. That
// is what a download costs most. Here the two calls are replaced for the whole program (symbol interposition, ld.so(8)):
// for a registered socket they read what there is, up to 256 KiB, in one go and give it to libssh piece by piece; for
// everything else they are the system calls.
//
// What makes this safe: a registration belongs to one thread, and is looked up by descriptor in that thread alone; libssh
// has the socket to itself; the session registers it after the handshake and takes it back before anybody else in this
// thread can get the number, that is, when a call into libssh has found the session broken. Bytes that were read and not
// yet taken are pending(): the session goes on until there are none, since the kernel will not report them again.
// Bounds: one buffer a thread; a session that finds it in use by another reads as libssh always did.
// Under sanitizers, which replace the same calls, nothing is done.
#pragma once

#include <cstddef>

namespace dvpn::ssh {

class ReadAhead {
 public:
  ReadAhead() = default;
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead() { detach(); }

  /// From here on this thread's reads of `fd` go through the buffer.
  void attach(int fd);
  /// Back to plain system calls. What is pending is lost: only for a socket that nobody will read again.
  void detach();

  /// Whether bytes have been read from the socket that libssh has not taken.
  bool pending() const;

 private:
  int fd_ = -1;
};

}  // namespace dvpn::ssh
