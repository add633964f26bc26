// SPDX-License-Identifier: GPL-2.0-or-later
// What lies between libssh and its socket: larger reads, and writes that are collected.
//
// libssh takes 4 KiB from its socket at a time, with a poll(2) and a recv(2) for each, sends every packet by itself, and
// asks poll(2) before and after. That is what a download costs most, and nearly all that a short flow costs. Here the three
// calls are replaced for the whole program (symbol interposition, ld.so(8)): for a registered socket they work on buffers
// and the kernel is asked once; for everything else they are the system calls.
//   reading: up to 256 KiB at once, only after readable() said that there is something; given to libssh piece by piece.
//   writing: small packets are collected until flush(), large ones go out at once. It never refuses: whoever hands data to
//            libssh looks at unsent() first, and what libssh says by itself is bounded by what it reads.
//
// What makes this safe: a registration belongs to one thread, and is looked up by descriptor in that thread alone; libssh
// has the socket to itself; the session registers it after the handshake and takes it back before anybody else in this
// thread can get the number, that is, when a call into libssh has found the session broken. Bytes that were read and not
// yet taken are pending(): the session goes on until there are none, since the kernel will not report them again.
// Bounds: one buffer for input a thread (a session that finds it in use by another reads as libssh always did).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace dvpn::ssh {

class SocketBuffer {
 public:
  SocketBuffer() = default;
  SocketBuffer(const SocketBuffer&) = delete;
  SocketBuffer& operator=(const SocketBuffer&) = delete;
  ~SocketBuffer() { detach(); }

  /// From here on this thread's reads and writes of `fd`, which is non-blocking, go through the buffers.
  void attach(int fd);
  /// Back to plain system calls. What is pending or unsent is lost: only for a socket that is not used any more.
  void detach();

  /// The kernel reports input, or an end, or an error: libssh may read.
  void readable() { readable_ = fd_ >= 0; }
  /// Whether there is input that libssh has not taken: here, or probably in the kernel.
  bool pending() const { return readable_ || holds_input(); }

  /// Bytes that the kernel has not taken yet.
  std::size_t unsent() const { return out_.size() - sent_; }
  enum class Flush { kDone, kBlocked, kFailed };
  /// Gives the kernel what it takes now. kBlocked: again when the socket is writable. kFailed: errno says why.
  Flush flush();

  // What the three calls do for a registered socket: each returns, and sets errno, as the call does.
  ssize_t receive(void* buffer, std::size_t size, int flags);
  ssize_t send(const void* data, std::size_t size);
  short ready(short events);

 private:
  bool holds_input() const;

  int fd_ = -1;
  bool readable_ = false;
  int failure_ = 0;  // errno of a read, not yet given to libssh
  std::string out_;
  std::size_t sent_ = 0;  // of out_
};

/// While it lives, `heard` grows, up to `most` bytes, by what this thread's recv(2) takes from `fd`, which is not registered. One at
/// a time in a thread.
class Overhearing {
 public:
  Overhearing(int fd, std::string& heard, std::size_t most);
  Overhearing(const Overhearing&) = delete;
  Overhearing& operator=(const Overhearing&) = delete;
  ~Overhearing();

  void add(int fd, const char* taken, std::size_t size);

 private:
  const int fd_;
  std::string& heard_;
  const std::size_t most_;
};

}  // namespace dvpn::ssh
