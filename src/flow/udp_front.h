// SPDX-License-Identifier: GPL-2.0-or-later
// UDP's part on the front thread: the first datagram of each client to each target becomes a flow, or is refused.
//
// What the rules find no socket for waits in a queue of the kernel's. datagram_table says what it means; this carries it out.
// A new flow has its socket before its datagram goes on, so that finds it as all later ones do, and nothing of it is copied
// here. A client whose flow could not be opened is told why with the ICMP error that says the same as the gate's verdict would
// (verdict_for()).
// Owner: the daemon. To end: stop(), then join the group that start() was given.
#pragma once

#include <memory>

#include "flow/datagram_table.h"
#include "flow/dispatcher.h"
#include "intercept/packet_queue.h"
#include "intercept/raw_sender.h"
#include "intercept/udp_header.h"
#include "net/task_group.h"

namespace dvpn::flow {

/// For a status.
struct UdpInfo {
  std::uint64_t late = 0;        ///< dropped: their flow was just ending
  std::uint64_t remembered = 0;  ///< refused again, from memory
  std::uint64_t told = 0;        ///< ICMP errors sent to clients
  std::uint64_t not_understood = 0;
};

class UdpFront {
 public:
  /// `dispatcher` and `sender` outlive this; without a sender clients are told nothing.
  UdpFront(std::unique_ptr<intercept::PacketQueue> queue, const intercept::RawSender* sender, Dispatcher& dispatcher);
  UdpFront(const UdpFront&) = delete;
  UdpFront& operator=(const UdpFront&) = delete;

  /// Begins to take datagrams; the coroutines run in `tasks` until stop().
  void start(net::TaskGroup& tasks);
  void reported(const Report& report);
  /// Begins no more flows; those that run go on.
  void stop() { queue_->stop(); }

  UdpInfo info() const;

 private:
  void arrived(intercept::PacketQueue::PacketId packet, std::string_view bytes);
  void decide(intercept::PacketQueue::PacketId packet, const intercept::UdpHeader& datagram);
  void begin(intercept::PacketQueue::PacketId packet, const DatagramTable::Pair& pair, std::size_t payload);
  void tell(const DatagramTable::Pair& pair, intercept::Verdict verdict, std::size_t payload);

  std::unique_ptr<intercept::PacketQueue> queue_;
  const intercept::RawSender* sender_;
  Dispatcher& dispatcher_;
  DatagramTable table_;
  RateLimit told_;
  UdpInfo counts_;
};

}  // namespace dvpn::flow
