// SPDX-License-Identifier: GPL-2.0-or-later
// The relay's one event loop.
//
// Theory of operation. Every descriptor is in one epoll set, edge-triggered. An event only notes what it says about its
// side of a connection and puts the connection on a list; then each on the list gets a turn, bounded in bytes, and one
// that could go on gets another turn after the next look at epoll, so a fast flow does not starve the others. Room in
// the channel is watched for only while a half waits for it: a unix socket reports it at each read of the other end,
// which would wake the loop for nothing.
//
// A stream is two halves (server_flow.cc); a flow of datagrams is one thing that ends as a whole (server_datagrams.cc).
//
// Connections are freed after the round in which they closed, because later events of the same round may name them.
// Nothing here blocks, opens files, forks or resolves. Bounds: connections by the census, what is held by CopyContext,
// pipes by the pool, waiting by deadlines (a stream that is up has none: its target has TCP keepalive, its channel sshd; of
// datagrams, one that is idle ends).
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rate_limit.h"
#include "base/unique_fd.h"
#include "relay/access_list.h"
#include "relay/census.h"
#include "relay/connection.h"
#include "relay/decision.h"
#include "relay/message.h"
#include "relay/outcome.h"
#include "relay/pipe_pool.h"
#include "relay/settings.h"
#include "relay/source_binder.h"

namespace dvpn::relay {

class Server {
 public:
  /// `listener`: a listening unix stream socket; `control`: the parent's socket pair end. Both non-blocking.
  /// `sources`: where to ask for client sources.
  Server(UniqueFd listener, UniqueFd control, SourceAsker sources, Settings settings);

  /// Makes what the loop needs. Call it once, before run().
  Status prepare();

  /// Serves until the parent asked to drain and the flows have ended (an error-free end), or until the parent is gone.
  Status run();

 private:
  /// In epoll's data, beside a connection's address: the event is its target's.
  static constexpr std::uint64_t kTargetBit = 2;

  // server.cc: the loop
  void dispatch(const epoll_event& event);
  void enqueue(Connection& connection);
  void run_ready();
  void step(Connection& connection);
  int timeout_ms() const;
  void expire();
  void set_deadline(Connection& connection, Clock::time_point deadline);
  void close_connection(Connection& connection, Outcome outcome);
  void finish_flow(Connection& connection, Outcome outcome);
  void sync_out_interest(Connection& connection);
  void drop(UniqueFd& fd);

  // server_accept.cc: new connections
  void accept_some();
  void welcome(UniqueFd fd);
  bool make_room(uid_t uid);
  void begin_spare(Connection& connection);
  void end_spare(Connection& connection);
  void turn_away(Connection& connection, Outcome outcome);
  void pause_accepting();
  void resume_accepting();

  // server_request.cc: from the first byte to the answer
  void read_request(Connection& connection);
  bool promote(Connection& connection);
  void decide_request(Connection& connection);
  void open_target(Connection& connection, const Opening& opening);
  void connect_now(Connection& connection);
  void finish_connect(Connection& connection);
  void refuse(Connection& connection, const wire::Answer& answer, Outcome outcome = Outcome::kRefused);
  void log_refusal(uid_t uid, std::string_view to_whom, std::string_view why);
  std::string name_of(uid_t uid) const;

  // server_source.cc: client sources
  void ask_for_source(Connection& connection);
  bool ask_again(Connection& connection, int error);
  void read_sources();
  void on_source(Connection& connection, int error);
  void note_source(Connection& connection, const std::optional<net::Endpoint>& local);

  // server_datagrams.cc: UDP and ping
  void find_features();
  void begin_datagrams(Connection& connection);
  void run_datagrams(Connection& connection);
  bool run_datagrams_up(Connection& connection, bool& turn_over);
  void end_if_idle(Connection& connection);
  void finish_datagrams(Connection& connection);

  // server_flow.cc: copying and ending
  void run_flow(Connection& connection);
  bool obey(Connection& connection, const Step& step);
  void finish(Connection& connection);
  bool keep(Connection& connection);
  bool run_up(Connection& connection, bool& turn_over);
  bool run_down(Connection& connection, bool& turn_over);
  Step on_copy_result(Connection& connection, CopyResult result, int error);
  void tell(Connection& connection, const Step& step);
  void say_last(Connection& connection, std::string_view frame, Outcome outcome);
  void run_flush(Connection& connection);
  static void end_target_orderly(const Connection& connection);
  void reset_target(Connection& connection);

  // server_control.cc: the parent
  void read_control();
  void obey_parent(const Message& message);
  void apply(Settings settings);
  void begin_drain();
  void end_all_flows();
  void send_to_parent(MessageKind kind);

  UniqueFd listener_;
  UniqueFd control_;
  UniqueFd epoll_;
  SourceAsker sources_;
  Settings settings_;
  AccessList access_;
  Census census_;
  PipePool pipes_;
  std::vector<char> scratch_;
  CopyContext context_;
  MessageReader messages_;
  Counters counters_;
  std::uint32_t features_ = 0;  ///< as wire::Answer has them
  std::size_t datagram_flows_ = 0;
  RateLimit refusal_lines_;
  RateLimit pause_lines_;
  RateLimit source_lines_;
  std::unordered_map<std::uint64_t, Connection*> binding_;  ///< by the number of the question
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> closed_;
  std::vector<Connection*> ready_;
  std::vector<Connection*> running_;
  std::set<std::pair<Clock::time_point, Connection*>> deadlines_;
  std::unordered_map<uid_t, std::list<Connection*>> spares_;  // by account, the oldest first
  Clock::time_point now_;
  Clock::time_point next_heartbeat_ = Clock::time_point::max();
  Clock::time_point accept_again_ = Clock::time_point::max();
  Clock::time_point drain_until_ = Clock::time_point::max();
  bool draining_ = false;
  bool parent_gone_ = false;
};

}  // namespace dvpn::relay
