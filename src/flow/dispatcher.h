// SPDX-License-Identifier: GPL-2.0-or-later
// The front's part of a flow's life: who is let in, what it asks for, and which worker carries it.
//
// Theory of operation. The dispatcher knows every live flow by its client and its worker, and nothing else of it. A
// connection that was caught, or is held by the gate, is checked (redirected? own network? route? limits?) and posted to a
// worker; the worker's word that it ended takes it out again. One that was caught gets its client's own port from conntrack
// and is reset at once if it is refused; the log line of a refusal is rate-limited for each reason, with a count of what was
// held back.
// A worker is chosen so that the flows to one gateway share its warm session while they are few: the fewest flows to that
// gateway decide, then the lowest number. Belongs to the front thread.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/rate_limit.h"
#include "flow/counters.h"
#include "flow/worker.h"
#include "intercept/conntrack.h"
#include "intercept/listener.h"
#include "net/condition.h"

namespace dvpn::flow {

class Dispatcher {
 public:
  /// The workers outlive this. `conntrack` may be nothing: clients are then known by the port that we see.
  Dispatcher(const net::Executor& executor, SnapshotPtr snapshot, std::vector<std::unique_ptr<Worker>>& workers,
             std::optional<intercept::Conntrack> conntrack);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// A connection that was accepted and has no flow yet.
  void caught(intercept::Caught caught);
  /// Its client as it sent; nothing if the kernel does not know.
  std::optional<net::Endpoint> sender(const intercept::Caught& caught);

  /// A connection whose client waits: its flow, which is opened without a socket; or why there is none, which is logged and
  /// counted.
  std::expected<std::uint64_t, EndReason> hold(const net::Endpoint& client, const net::Endpoint& destination);
  /// The client of such a flow.
  void attach(std::uint64_t flow, UniqueFd client);
  /// Ends it; its client may have another at once.
  void cancel(std::uint64_t flow, EndReason reason);

  /// The first datagram of a client to a target: its flow; or why there is none, which is logged and counted. `caught` is called
  /// once the flow's socket is there and before the flow begins, so that the datagram can be in it when the far side is asked.
  std::expected<std::uint64_t, EndReason> begin_datagrams(const net::Endpoint& client, const net::Endpoint& destination,
                                                          const intercept::RawSender* sender, const std::function<void()>& caught);

  /// The same for pings: both ends have port 0, and the first one goes with it.
  std::expected<std::uint64_t, EndReason> begin_pings(const net::Endpoint& client, const net::Endpoint& destination,
                                                      const intercept::RawSender* sender, Ping first);
  /// The next one, to its flow. False: that has ended, or its worker is behind.
  bool ping(std::uint64_t flow, Ping ping);

  /// Logs and counts a connection that no flow is made for.
  void refused(const net::Endpoint& client, const std::optional<net::Endpoint>& destination, EndReason reason,
               Protocol protocol = Protocol::kTcp);

  void reported(const Report& report);

  /// New flows use it; flows that run keep theirs.
  void renew(SnapshotPtr snapshot) { snapshot_ = std::move(snapshot); }

  /// Returns when there are no connections or the time is over. (Flows of datagrams have no end to wait for.) New ones are the caller's to keep out.
  net::Task<> drain(std::chrono::milliseconds within);

  const config::DaemonConfig& config() const { return snapshot_->config; }  ///< what new flows use
  std::size_t flows(Protocol protocol) const { return census_[static_cast<std::size_t>(protocol)].flows; }
  const Counters& refused() const { return refused_; }  ///< flows that never reached a worker
  std::uint64_t accepted() const { return last_id_; }
  intercept::Conntrack* conntrack() { return conntrack_ ? &*conntrack_ : nullptr; }

 private:
  struct Live {
    Protocol protocol;
    net::Address client;
    table::GatewaySpec gateway;
    std::size_t worker;
    bool counted = true;  ///< in its census's per_client
  };

  struct Census {
    std::size_t flows = 0;
    std::unordered_map<net::Address, std::uint32_t> per_client;
  };

  std::optional<EndReason> why_not(Protocol protocol, const net::Address& client, const net::Address& destination,
                                   const std::optional<table::Match>& match) const;
  Request let_in(Protocol protocol, const net::Endpoint& client, const net::Endpoint& destination, const table::Route& route);
  void uncount(Live& live);
  std::size_t choose_worker(const table::GatewaySpec& gateway);

  net::Executor executor_;
  SnapshotPtr snapshot_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  std::optional<intercept::Conntrack> conntrack_;
  std::unordered_map<std::uint64_t, Live> live_;
  std::array<Census, kProtocols> census_;
  std::map<table::GatewaySpec, std::vector<std::uint32_t>> per_gateway_;  // flows on each worker
  std::uint64_t last_id_ = 0;
  Counters refused_;
  std::map<EndReason, RateLimit> refusal_log_;
  net::Condition emptied_;
};

}  // namespace dvpn::flow
