// SPDX-License-Identifier: GPL-2.0-or-later
// dvpnd put together: the front thread with its listeners and control socket, and the workers.
//
// Order of life: prepare() binds what may need privileges; then the process changes its account; run() starts the workers
// and serves until a signal. SIGHUP or a control call reloads: a whole new snapshot is read, and only if all of it is good
// does it replace the old one, in the front and in every worker; flows that run keep theirs. A table that changes on the disk is
// read by itself. SIGTERM or SIGINT drains: no
// new flows, the live ones have `daemon.drain` to finish, then they are reset; a second signal does not wait.
#pragma once

#include <boost/asio/basic_signal_set.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/file_stamp.h"
#include "base/recent_log.h"
#include "control/answers.h"
#include "control/flows_answer.h"
#include "control/http_server.h"
#include "control/load.h"
#include "control/probe.h"
#include "control/server.h"
#include "control/site_names.h"
#include "control/why.h"
#include "flow/dispatcher.h"
#include "flow/gate.h"
#include "flow/ping_front.h"
#include "flow/udp_front.h"
#include "net/condition.h"

namespace dvpn {

class Daemon {
 public:
  Daemon(std::string config_path, flow::SnapshotPtr snapshot);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Binds the listeners, the gate's queue, raw sockets, the forwards and the control socket.
  Status prepare();

  /// Serves until stopped by a signal. Returns the exit code.
  int run();

 private:
  net::Task<> serve();
  net::Task<> wait_for_signals();
  net::Task<> feed_watchdog();
  Status open_queue();
  Status open_datagrams();
  Status open_pings();
  Status open_http();
  void start_http();
  net::Task<> stop_http();
  net::Task<control::HttpReply> serve_metrics(control::HttpRequest request);
  net::Task<control::HttpReply> serve_page(control::HttpRequest request);
  void start_gate();
  void start_datagrams();
  void start_pings();
  void start_accepting(intercept::Listener& listener);
  net::Task<std::string> answer(control::Caller caller, std::string line);
  net::Task<std::string> reload();
  net::Task<> watch_table();
  net::Task<> reload_table(FileStamp stamp);
  void end_reload();
  void publish_names() const;
  net::Task<> put_in_force(flow::SnapshotPtr next);
  intercept::HeldSyns::Limits gate_limits() const;
  control::DaemonState state() const;  // what the front knows
  net::Task<control::DaemonState> whole_state();  // with what the workers know
  net::Task<std::string> list_gateways();
  net::Task<std::string> list_flows(flow::FlowQuery query);
  std::string list_redirects();
  std::string read_log(const std::string& line) const;
  net::Task<> look_for_rules();
  net::Task<> watch_rules();
  net::Task<std::string> why(control::Caller caller, std::string line);
  bool catches(wire::Kind protocol) const;
  net::Task<flow::FarAnswer> ask_far(const control::WhyFacts& facts, wire::Request request);
  net::Task<flow::FarAnswer> ask_route(flow::FarQuestion question);
  net::Task<std::string> probe(std::string line);
  net::Task<> probe_one(flow::SnapshotPtr snapshot, control::ProbeOutcome& outcome);
  net::Task<std::vector<flow::WorkerInfo>> worker_infos();
  Status change_forwards(const std::vector<config::Forward>& forwards);
  net::Task<> fill_sets();
  net::Task<> take_out_of_sets(std::vector<net::Prefix> before, std::vector<net::Prefix> after);
  void note_sets(const Result<bool>& outcome);
  net::Task<> keep_stop();
  net::Task<> fill_stop(flow::SnapshotPtr before);

  RecentLog recent_log_;  // outlives whoever logs
  std::string config_path_;
  flow::SnapshotPtr snapshot_;
  net::asio::io_context context_{1};
  gateway::Turns turns_;
  std::vector<std::unique_ptr<flow::Worker>> workers_;
  std::unique_ptr<flow::Dispatcher> dispatcher_;
  std::unique_ptr<intercept::PacketQueue> queue_;  // until the gate has it
  std::unique_ptr<flow::Gate> gate_;            // none: connections are accepted first
  std::optional<std::string> gate_error_;       // why there is none
  std::unique_ptr<intercept::RawSender> sender_;
  std::unique_ptr<intercept::PacketQueue> datagram_queue_;  // until the front has it
  std::unique_ptr<flow::UdpFront> udp_;                     // none: no UDP is carried
  std::optional<std::string> udp_error_;                    // why
  std::unique_ptr<intercept::RawSender> ping_sender_;
  std::unique_ptr<intercept::PacketQueue> ping_queue_;  // until the front has it
  std::unique_ptr<flow::PingFront> pings_;              // none: no pings are carried
  std::optional<std::string> ping_error_;               // why
  std::unique_ptr<intercept::Listener> redirects_;
  struct ForwardListener {
    net::Endpoint listen;
    std::unique_ptr<intercept::Listener> listener;
  };
  std::vector<ForwardListener> forwards_;
  std::vector<ForwardListener> closed_forwards_;  // their loops may still be ending
  control::Server control_;
  std::unique_ptr<control::HttpServer> metrics_;  // none: not asked for
  std::unique_ptr<control::HttpServer> web_;
  control::SiteNames site_names_;
  net::TaskGroup tasks_;
  net::Signal stop_;
  net::Timer watchdog_timer_;
  net::Timer watch_timer_;
  net::Timer rules_timer_;
  net::asio::basic_signal_set<net::Executor> signals_;
  unsigned stop_signals_ = 0;
  bool stopping_ = false;
  bool workers_ended_ = false;  // nobody would answer any more
  bool reloading_ = false;
  net::Condition reload_ended_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  control::FileState config_state_;
  control::FileState table_state_;
  FileStamp table_stamp_;  // of the table that was read last
  intercept::RulesState rules_ = intercept::RulesState::kUnknown;
  std::chrono::steady_clock::time_point rules_looked_{};
  intercept::SetState sets_ = intercept::SetState::kOff;
  std::optional<std::string> sets_error_;
  intercept::SetState routing_stop_ = intercept::SetState::kOff;  // the second stop, in routing
  std::optional<std::string> routing_stop_error_;
  flow::SnapshotPtr routing_stop_made_for_;
  net::Signal routing_stop_behind_;
};

}  // namespace dvpn
