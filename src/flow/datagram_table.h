// SPDX-License-Identifier: GPL-2.0-or-later
// What a datagram means that the rules found no socket for, on the front thread: one flow for each client and target. Pure: no
// socket, no clock.
//
// Theory of operation. The first datagram of a pair begins a flow, which has a socket of its own at once; those that came right
// behind it were in the queue before that was there, and follow it. One that comes later for a flow that is there still met it
// as it ended; it is dropped, for where it would go there is no socket any more, and the kernel would call the port closed.
// A flow that could not be opened leaves a refusal behind for a moment: what comes meanwhile is answered from here, so that a
// client that sends on and on to where it must not go does not cost an opening each time.
// Pings have a table as well, with ports of 0. Each of theirs comes by here, and goes to its flow whenever that began.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "intercept/verdict.h"
#include "net/address.h"

namespace dvpn::flow {

class DatagramTable {
 public:
  using Clock = std::chrono::steady_clock;
  using FlowId = std::uint64_t;

  struct Pair {
    net::Endpoint client, target;
    bool operator==(const Pair&) const = default;
  };

  /// How long datagrams may come after the one that began their flow.
  static constexpr auto kFollows = std::chrono::seconds(1);
  /// How long a refusal is remembered, and how many.
  static constexpr auto kRemembered = std::chrono::seconds(2);
  static constexpr std::size_t kMostRefusals = 4096;

  enum class What : std::uint8_t {
    kNew,       ///< begin a flow: say begun() or refused() of it
    kFollows,   ///< one that has begun
    kLate,      ///< for a flow that is ending
    kRefused,   ///< tell the client `verdict`
  };
  struct Arrival {
    What what;
    intercept::Verdict verdict = intercept::Verdict::kSilence;
    FlowId flow = 0;  ///< of kFollows and kLate
  };
  Arrival arrived(const Pair& pair, Clock::time_point now);

  void begun(const Pair& pair, FlowId flow, Clock::time_point now);
  void refused(const Pair& pair, intercept::Verdict verdict, Clock::time_point now);
  /// Whose flow it was; nothing if it is none of ours.
  std::optional<Pair> ended(FlowId flow);

  std::size_t flows() const { return by_flow_.size(); }
  std::size_t refusals() const { return refusals_.size(); }

 private:
  struct PairHash {
    std::size_t operator()(const Pair& pair) const;
  };
  struct Refusal {
    intercept::Verdict verdict;
    Clock::time_point until;
  };

  void forget_refusals(Clock::time_point now);

  struct Begun {
    Clock::time_point at;
    FlowId flow;
  };

  std::unordered_map<Pair, Begun, PairHash> begun_;
  std::unordered_map<FlowId, Pair> by_flow_;
  std::unordered_map<Pair, Refusal, PairHash> refusals_;
  std::deque<std::pair<Clock::time_point, Pair>> refusal_order_;
};

}  // namespace dvpn::flow
