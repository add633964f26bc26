// SPDX-License-Identifier: GPL-2.0-or-later
// Pings' part on the front thread: each echo request goes to the flow of its client and target, or is refused.
//
// The rules have the requests wait in a queue of the kernel's, whole. None goes on from there: here it is taken over, or answered
// with the ICMP error that says why not, and the packet itself is dropped. So nothing that is not the target can answer it.
// datagram_table says which flow it belongs to. A reply, and what becomes of those that are with a flow, is the flow's matter
// (ping_copy.h).
// Owner: the daemon. To end: stop(), then join the group that start() was given.
#pragma once

#include <memory>

#include "flow/datagram_table.h"
#include "flow/dispatcher.h"
#include "intercept/echo.h"
#include "intercept/packet_queue.h"
#include "intercept/raw_sender.h"
#include "net/task_group.h"

namespace dvpn::flow {

/// For a status.
struct PingInfo {
  std::uint64_t dropped = 0;     ///< their worker was behind, or their flow just ending
  std::uint64_t remembered = 0;  ///< refused again, from memory
  std::uint64_t too_long = 0;    ///< and so refused
  std::uint64_t not_understood = 0;
};

class PingFront {
 public:
  /// `sender` and `dispatcher` outlive this.
  PingFront(std::unique_ptr<intercept::PacketQueue> queue, const intercept::RawSender& sender, Dispatcher& dispatcher);
  PingFront(const PingFront&) = delete;
  PingFront& operator=(const PingFront&) = delete;

  /// Begins to take pings; the coroutines run in `tasks` until stop().
  void start(net::TaskGroup& tasks);
  void reported(const Report& report);
  /// Takes no more; what is with the flows goes on.
  void stop() { queue_->stop(); }

  const PingInfo& info() const { return counts_; }

 private:
  void arrived(std::string_view packet);
  void pass_on(const intercept::EchoRequest& request);
  void begin(const DatagramTable::Pair& pair, const intercept::EchoRequest& request);
  void refuse(const intercept::EchoRequest& request, intercept::Verdict verdict);

  std::unique_ptr<intercept::PacketQueue> queue_;
  const intercept::RawSender& sender_;
  Dispatcher& dispatcher_;
  DatagramTable table_;
  RateLimit told_;
  PingInfo counts_;
};

/// How much of a packet it has to see: all.
inline constexpr std::size_t kWholePackets = 65'535;

}  // namespace dvpn::flow
