// SPDX-License-Identifier: GPL-2.0-or-later
// Client sources: a socket of the relay that is bound to the address of a client, which is none of this machine's.
//
// Theory of operation. Only who has CAP_NET_RAW can make a socket "transparent" (IP_TRANSPARENT, ip(7)), and such a socket
// can be bound to any address at all. So the child, which remote parties speak to, never does it: it hands its socket to
// the parent (SCM_RIGHTS), which looks whether the address is one that the configuration lets some account claim, binds
// it, and says how that went. It is the same socket in both processes; nothing is sent back but a number. The parent has
// the capability in effect only while the configuration in force has client sources.
//
// They speak over a socket pair of their own, a packet for each question and each answer. Neither waits for the other: a
// question or an answer that does not fit is dropped, and the child's deadline for the flow ends what waits for it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "net/address.h"
#include "relay/settings.h"

namespace dvpn::relay {

/// The parent's end.
class SourceBinder {
 public:
  explicit SourceBinder(UniqueFd fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }

  /// From now on these are the addresses that sockets may be bound to. False if that needs a capability that this process
  /// was not given; then every question is answered with EPERM.
  [[nodiscard]] bool allow(const Settings& settings);

  /// Answers all questions that wait; does not block. Once the child is gone, or makes no sense, fd() is -1.
  void serve();

 private:
  int bind_socket(int socket, const net::Endpoint& source) const;

  UniqueFd fd_;
  std::vector<net::Prefix> claimable_;
  std::vector<net::Address> own_;
};

/// The child's end.
class SourceAsker {
 public:
  explicit SourceAsker(UniqueFd fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }

  /// Asks for the socket, which is not bound yet, to be bound to `source`; the port is taken if it is free, else any other.
  /// The question's number; 0 if it could not be asked.
  std::uint64_t ask(int socket, const net::Endpoint& source);

  struct Answer {
    std::uint64_t number = 0;
    int error = 0;  ///< 0, or errno: EACCES when nobody may claim the address, EPERM for want of the capability
  };
  /// The next answer; nothing if none waits.
  std::optional<Answer> next() const;

 private:
  UniqueFd fd_;
  std::uint64_t last_ = 0;
};

/// A pair of ends, non-blocking.
struct SourcePair {
  UniqueFd parent;
  UniqueFd child;
};
Result<SourcePair> make_source_pair();

}  // namespace dvpn::relay
