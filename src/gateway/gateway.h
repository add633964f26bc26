// SPDX-License-Identifier: GPL-2.0-or-later
// One remote gateway as one worker sees it: a pool of sessions that grows on demand and is let go when idle.
//
// Theory of operation. Nothing is connected before a flow needs it. One handshake runs at a time, when it has its turn among the
// workers (`turns`) and among this worker's gateways (`room`); flows that come meanwhile wait for it under their own deadline. A failed attempt starts a back-off with jitter, during which flows
// are refused at once with the reason of the failure: a gateway that is down costs its clients no time and its sshd no
// storm. It ends early when another worker gets in. A session whose sshd does not answer gets no new flows, and what was opening on it goes elsewhere; what is open stays, until
// the keepalives judge. A gateway that has failed is trusted again when a session has been up for a while: nobody flaps
// back to it. A host key that is unknown or wrong is final until the configuration is loaded anew. An authentication that
// failed waits the longest back-off, since sshd counts those against us.
// Owner: the worker. Belongs to one thread. To end: stop(), then join().
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "gateway/pool_policy.h"
#include "gateway/reach.h"
#include "gateway/room.h"
#include "gateway/turns.h"
#include "gateway/usage.h"
#include "gateway/wait.h"
#include "net/connect.h"
#include "net/task_group.h"
#include "ssh/session.h"
#include "table/table.h"

namespace dvpn::gateway {

/// The configuration that a gateway works with. The shared parts are immutable snapshots.
struct Settings {
  std::shared_ptr<const std::vector<ssh::PrivateKey>> keys;
  std::shared_ptr<const ssh::KnownHosts> known_hosts;
  std::string ciphers;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds keepalive{15'000};
  std::uint32_t keepalive_misses = 3;
  std::chrono::milliseconds idle_timeout{300'000};
  std::chrono::milliseconds backoff_min{500};
  std::chrono::milliseconds backoff_max{60'000};
  std::chrono::milliseconds settle_time{10'000};  ///< a gateway that has failed has to be up for so long before flows that have another choice go to it
  std::size_t handshakes = 4;  ///< with one sshd at once, of all workers
  PoolLimits pool;
};

/// Its relay takes no more flows.
struct RelayFull {
  std::string text;  ///< in its own words
};

/// Why no channel could be had, of the session or of the channel on it; or what it lets us do less.
using Failure = std::variant<ssh::SessionFailure, ssh::OpenFailure, RelayFull>;

struct Stats {
  std::string name;
  enum class State : std::uint8_t { kIdle, kConnecting, kUp, kSilent, kBackoff, kFailed } state = State::kIdle;
  std::size_t sessions = 0;
  std::size_t channels = 0;
  std::uint64_t opens = 0;
  std::uint64_t failures = 0;
  std::chrono::microseconds round_trip{0};  ///< zero: not known
  std::string last_error{};                   ///< empty: none since the last success
  std::optional<Failure> failure{};           ///< what last_error is the text of
  std::optional<std::chrono::milliseconds> retry_in{};
  Usage usage{};       ///< filled in by whoever carries the flows
  std::string site{};  ///< its name in the table, filled in by whoever has that
};

class Gateway {
 public:
  /// `turns`, of all workers, and `room`, of this one, outlive it.
  Gateway(const net::Executor& executor, table::GatewaySpec spec, std::shared_ptr<const Settings> settings, Turns& turns, Room& room);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// What the next channel is for.
  struct Target {
    std::optional<std::string> unix_socket;  ///< the relay's, or else
    net::Endpoint direct;                    ///< a TCP target that sshd itself connects to
  };

  /// A channel within `within`, unless `wait`, which outlives the call, is given up. A session that breaks while the channel
  /// is opening is replaced by another.
  net::Task<std::expected<std::unique_ptr<ssh::Channel>, Failure>> open(Target target, Wait& wait, std::chrono::milliseconds within);

  /// Takes back a channel to `unix_socket` that is as new: for the next open() of that socket, or to be closed.
  void keep(std::unique_ptr<ssh::Channel> channel, std::string unix_socket);

  /// What its relay said to a flow, for stats(): it is at a limit of its own, which is remembered for a minute; or it took the flow.
  void relay_is_full(std::string why);
  void relay_took() { relay_full_.reset(); }

  /// New keys, pins and limits for sessions from now on; forgets failures.
  void renew(std::shared_ptr<const Settings> settings);

  /// Closes sessions that no flow has used for the idle timeout. Called about once a second.
  void sweep();

  /// Ends all sessions and attempts; later calls of open() fail.
  void stop();
  net::Task<> join() { return tasks_.join(); }

  /// New flows that have another choice had better take this gateway: nothing has failed since it was last up for a while, and its
  /// sessions answer. (One that was never tried is.)
  bool healthy() const;
  /// It was passed over: one attempt, if the back-off allows, so that it can become healthy again without a flow's waiting for it.
  void revive();
  /// What its opens say about the sites behind it.
  Reach& reach() { return reach_; }
  bool unused() const { return tasks_.running() == 0; }
  Stats stats() const;
  const table::GatewaySpec& spec() const { return spec_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Pooled {
    std::unique_ptr<ssh::Session> session;
    std::shared_ptr<const Settings> settings;  // what the session points into
    Clock::time_point idle_since;
    std::uint64_t bytes = 0;  // at the last sweep
    bool busy = false;        // with transfers, in the last second
  };

  /// An open channel to a relay that waits for a request.
  struct Spare {
    std::unique_ptr<ssh::Channel> channel;
    std::string unix_socket;
    Clock::time_point since;
  };

  struct Attempt {
    ssh::Session& session;
    net::Connector connector{};
  };

  void start_session();
  net::Task<> set_up_session();
  void wake_all();
  net::Task<std::optional<ssh::SessionFailure>> take_turn(ssh::Session& session, std::shared_ptr<const Settings> settings);
  net::Task<std::optional<ssh::SessionFailure>> connect(Attempt& attempt, std::chrono::milliseconds within);
  void failed(ssh::SessionFailure failure);
  void suspect();
  bool may_try() const;
  bool answers() const;
  std::optional<std::size_t> pick();
  enum class Busy : std::uint8_t { kAvoid, kAccept };
  std::unique_ptr<ssh::Channel> take_spare(const std::string& unix_socket, Busy busy);
  bool is_busy(const ssh::Session& session) const;
  std::size_t flows_on(const ssh::Session& session) const;
  void drop_spares();

  net::Executor executor_;
  table::GatewaySpec spec_;
  std::shared_ptr<const Settings> settings_;
  net::TaskGroup tasks_;
  Turns& turns_;
  Room& room_;
  net::Signal turn_came_;
  std::list<Wait*> waiting_;  // for a session, or for their turn; who came first is first
  std::vector<Pooled*> pool_;  // established ones, each owned by its set_up_session()
  std::vector<Spare> spares_;        // the last one used is the last
  std::size_t fewest_spares_ = 0;    // since the last sweep: so many were not needed
  bool connecting_ = false;
  std::size_t openings_ = 0;  // channels that are being opened
  Attempt* attempt_ = nullptr;  // the one that runs
  bool stopped_ = false;
  bool final_ = false;  // the failure stays until renew()
  Backoff backoff_;
  Clock::time_point retry_at_{};
  std::optional<Turns::Setback> setback_;  // while the other workers' luck would be ours
  std::optional<ssh::SessionFailure> failure_;
  std::optional<ssh::OpenFailure> no_relay_;  // why its sshd gave no channel to the relay's socket, last
  std::optional<RelayFull> relay_full_;
  Clock::time_point full_at_{};
  bool suspect_ = false;              // something has failed since
  Clock::time_point up_since_{};      // of a session that answers, while suspect_
  Reach reach_;
  std::minstd_rand random_{std::random_device{}()};
  std::uint64_t opens_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace dvpn::gateway
