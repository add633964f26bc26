// SPDX-License-Identifier: GPL-2.0-or-later
// The gate: a client is connected when the far side has connected, and hears what the far side said when it has not.
//
// Theory of operation. A SYN that the rules hold becomes a flow without a socket, whose worker opens it as far as the far
// side's yes or no. On a no, the packet gets the verdict that says the same (verdict_for()). On a yes it goes on and is
// redirected to us; the connection that is then accepted is led to its flow. What a SYN means and who waits for whom is
// decided by intercept/held_syns; this carries it out. A connection that is accepted without such a flow (the queue
// overflowed, or its rules are not in place) is accepted first, as without the gate, and counted.
// Owner: the daemon, on the front thread. To end: stop(), then join the group that start() was given.
#pragma once

#include <array>
#include <memory>

#include "flow/dispatcher.h"
#include "intercept/held_syns.h"
#include "intercept/packet_queue.h"
#include "net/task_group.h"

namespace dvpn::flow {

/// What is told to a client whose flow could not be opened.
intercept::Verdict verdict_for(EndReason reason);

/// What the gate does now and has done since the start, for a status.
struct GateInfo {
  std::size_t held = 0;     ///< SYNs that wait for the far side
  std::size_t waiting = 0;  ///< flows that wait for their client
  std::array<std::uint64_t, intercept::kVerdicts> verdicts{};  ///< on those that were held
  std::uint64_t copies = 0;          ///< retransmissions
  std::uint64_t remembered = 0;      ///< refused again, from memory
  std::uint64_t over_limit = 0;      ///< went on unheld because of limits.held
  std::uint64_t over_client_limit = 0;
  std::uint64_t client_gone = 0;     ///< opened for clients that gave up or did not come
  std::uint64_t bypassed = 0;        ///< accepted first
  std::uint64_t not_understood = 0;
};

class Gate {
 public:
  /// `dispatcher` outlives this.
  Gate(const net::Executor& executor, std::unique_ptr<intercept::PacketQueue> queue, intercept::HeldSyns::Limits limits,
       Dispatcher& dispatcher);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Begins to take SYNs; the coroutines run in `tasks` until stop().
  void start(net::TaskGroup& tasks);

  /// A connection that was redirected to us: leads it to its flow, or has one made.
  void accepted(intercept::Caught caught);
  /// Before the dispatcher hears of it.
  void reported(const Report& report);
  void set_limits(intercept::HeldSyns::Limits limits) { syns_.set_limits(limits); }

  /// Refuses all that wait, and holds no more.
  void stop();

  GateInfo info() const;

 private:
  void arrived(intercept::PacketQueue::PacketId packet, std::string_view bytes);
  void decide(intercept::PacketQueue::PacketId packet, const intercept::Syn& syn);
  void end(const intercept::HeldSyns::GivenUp& given_up, EndReason reason, intercept::Verdict verdict);
  net::Task<> expire_loop();

  std::unique_ptr<intercept::PacketQueue> queue_;
  intercept::HeldSyns syns_;
  Dispatcher& dispatcher_;
  net::Timer timer_;
  bool stopping_ = false;
  GateInfo counts_;
};

}  // namespace dvpn::flow
