// SPDX-License-Identifier: GPL-2.0-or-later
// Which connections wait for their verdict or for their client, and what a SYN means in that light. Pure: it is told what
// happened and when, and says what to do; flow/gate does it.
//
// Theory of operation. A connection attempt is its 4-tuple and the client's initial sequence number. It is held while the
// far side is asked; then it is passed, and its flow waits for the client's socket to be accepted; or refused, and that is
// remembered for a moment.
// A copy (same number) is proof that the client still waits, and no more: of a held SYN it is dropped, of a passed one it
// goes on as well, for the first one's answer may have been lost. After an ICMP error a copy is refused by a reset, because
// the kernel sends few of those errors and the first may not have gone out. The same tuple with another number is a client
// that gave up and began anew: the old attempt ends. A refusal holds for every number, since some systems try a refused
// tuple again several times.
// Bounds: SYNs held in all, beyond which they go on unheld (what takes no answer costs nothing then, so forged senders
// keep nobody out); held for one client, beyond which they are dropped, unless its oldest has waited so long that it is most
// likely silent: that one makes way. So a scan of ports sees an open one behind the silent ones, and takes nothing from other
// clients. Ordered maps, because it is the LAN that chooses the keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "intercept/syn.h"
#include "intercept/verdict.h"

namespace dvpn::intercept {

class HeldSyns {
 public:
  using Clock = std::chrono::steady_clock;
  using FlowId = std::uint64_t;    ///< given in the order of arrival
  using PacketId = std::uint32_t;

  struct Limits {
    std::size_t held = 10'000;
    std::size_t held_per_client = 1'000;
  };

  /// How long a passed attempt waits for its client: two losses on the LAN's side are made good in that time (a SYN is
  /// answered again after 1 and 3 s).
  static constexpr auto kPatience = std::chrono::seconds(5);
  /// How long a refusal holds for who tries again.
  static constexpr auto kMemory = std::chrono::seconds(2);
  /// How long a copy of what was refused or accepted is known as one: a SYN is sent again after 1, 3 and 7 s.
  static constexpr auto kCopyMemory = std::chrono::seconds(5);
  /// Held for so long, an attempt makes way for another of the same client.
  static constexpr auto kGivesWay = std::chrono::seconds(1);
  static constexpr std::size_t kMostRemembered = 1u << 16;

  explicit HeldSyns(Limits limits) : limits_(limits) {}
  void set_limits(Limits limits) { limits_ = limits; }

  enum class What : std::uint8_t {
    kNew,          ///< to be held, or refused
    kCopy,         ///< of one that is held, passed or accepted
    kRemembered,   ///< refused a moment ago
    kOverLimit,    ///< as many as may be are held
    kClientLimit,  ///< as many of this client as may be
  };
  /// An attempt that is over: its flow ends, and its packet, if it still waits, is dropped.
  struct GivenUp {
    enum class Why : std::uint8_t { kBegunAnew, kMakesWay, kCleared } why;
    FlowId flow;
    std::optional<PacketId> packet;
  };
  struct Arrival {
    What what;
    Verdict verdict = Verdict::kSilence;      ///< for the packet that arrived; without meaning for kNew
    std::optional<GivenUp> given_up{};  ///< forgotten already
  };
  /// What a packet that arrived means. For kNew the caller goes on with hold() or refuse_new().
  Arrival arrived(const Syn& syn, Clock::time_point now);
  void hold(const Syn& syn, PacketId packet, FlowId flow, Clock::time_point now);
  void refuse_new(const Syn& syn, Verdict verdict, Clock::time_point now);

  /// The far side's answer to a held one: the packet that gets the verdict; nothing if the flow is not held.
  std::optional<PacketId> pass(FlowId flow, Clock::time_point now);
  std::optional<PacketId> refuse(FlowId flow, Verdict verdict, Clock::time_point now);

  /// The flow that was opened for a connection that has been accepted; each is given once.
  std::optional<FlowId> claim(const net::Endpoint& client, const net::Endpoint& destination, Clock::time_point now);
  /// The same for a client whose own port is not known: the attempt that has waited longest.
  std::optional<FlowId> claim_oldest(const net::Address& client, const net::Endpoint& destination, Clock::time_point now);

  /// Passed ones whose client has not come in time; they are forgotten.
  std::vector<FlowId> expire(Clock::time_point now);
  /// All that are held or passed; everything is forgotten.
  std::vector<GivenUp> clear();

  std::size_t held() const { return held_; }
  std::size_t passed() const { return passed_.size(); }
  std::size_t remembered() const { return remembered_.size(); }

 private:
  struct Tuple {
    net::Endpoint client;
    net::Endpoint destination;
    auto operator<=>(const Tuple&) const = default;
  };
  enum class State : std::uint8_t { kHeld, kPassed, kAccepted, kRefused };
  struct Attempt {
    State state = State::kHeld;
    Verdict verdict = Verdict::kPass;  // of a refused one
    std::uint32_t sequence = 0;
    PacketId packet = 0;
    FlowId flow = 0;
    Clock::time_point since{};
    std::uint64_t order = 0;  // in passed_ or remembered_
  };
  using Attempts = std::map<Tuple, Attempt>;
  using Order = std::map<std::uint64_t, Attempts::iterator>;  // by when they will be over

  void leave(Attempts::iterator at);
  void forget(Attempts::iterator at);
  void await_client(Attempts::iterator at, Clock::time_point now);
  GivenUp give_up(Attempts::iterator at, GivenUp::Why why);
  void remember(Attempts::iterator at, State state, Clock::time_point now);
  std::optional<FlowId> claim(Attempts::iterator at, Clock::time_point now);

  Limits limits_;
  Attempts attempts_;
  std::map<FlowId, Attempts::iterator> flows_;  // of those held and passed
  std::map<net::Address, std::set<FlowId>> held_by_;
  std::size_t held_ = 0;
  Order passed_;
  Order remembered_;
  std::uint64_t last_order_ = 0;
};

}  // namespace dvpn::intercept
