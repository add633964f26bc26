// SPDX-License-Identifier: GPL-2.0-or-later
// Raw sockets that send packets of our own making (ip_packet.h). Opened while the process may (CAP_NET_RAW); sending on them
// then takes no privilege. They receive nothing (raw(7), IPPROTO_RAW). May be used from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "net/address.h"

namespace dvpn::intercept {

class RawSender {
 public:
  /// A kernel without IPv6 leaves it out.
  static Result<std::unique_ptr<RawSender>> open();
  RawSender(const RawSender&) = delete;
  RawSender& operator=(const RawSender&) = delete;

  /// Sends a whole packet, in fragments if it is longer than the way there takes; an empty one is none. Never blocks; what cannot
  /// be sent at once is lost, and counted. Whether it was sent.
  bool send(const net::Address& to, const std::string& packet) const;

  std::uint64_t sent() const { return sent_; }
  std::uint64_t lost() const { return lost_; }

 private:
  RawSender() = default;

  bool give(const net::Address& to, const std::string& packet) const;

  UniqueFd ipv4_, ipv6_;
  mutable std::atomic<std::uint64_t> sent_{0}, lost_{0};
  mutable std::atomic<std::uint32_t> fragmented_{0};
};

}  // namespace dvpn::intercept
