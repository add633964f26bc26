// SPDX-License-Identifier: GPL-2.0-or-later
// One thread with its own event loop, its own sessions and its own flows. It shares nothing with other threads but
// immutable snapshots and posted messages: a flow is handed to one worker and stays there.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "flow/counters.h"
#include "flow/far_question.h"
#include "flow/far_reader.h"
#include "flow/flow.h"
#include "flow/flow_query.h"
#include "flow/ledger.h"
#include "gateway/gateway.h"

namespace dvpn::flow {

struct WorkerInfo {
  Counters counters;
  std::vector<gateway::Stats> gateways;
  std::uint64_t windows = 0;  ///< bytes of WindowBudget that are in use
};

/// What the front needs to know of a flow.
struct Report {
  enum class What : std::uint8_t {
    kReady,  ///< it was held, and the far side has said yes: its client can come, or its datagrams go
    kEnded,
  };
  std::uint64_t id;
  What what;
  EndReason reason = EndReason::kDone;  ///< of kEnded
  bool opened = false;                  ///< of kEnded: the far side had said yes
};

class Worker {
 public:
  /// `report` is called from this worker's thread: it posts to the front. Each flow's last report is that it ended. `turns` is for all
  /// workers, and outlives them.
  Worker(SnapshotPtr snapshot, std::uint64_t window_budget, gateway::Turns& turns, std::function<void(Report)> report);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // From any thread:
  void start();
  void carry(Request request);
  void attach(std::uint64_t flow, UniqueFd client);  ///< the client of one that is ready; reset if the flow has ended
  /// Another ping for such a flow; lost if the flow has ended. False, and nothing done, if too many wait for this worker.
  bool ping(std::uint64_t flow, Ping ping);
  void cancel(std::uint64_t flow, EndReason reason, std::string why);
  void renew(SnapshotPtr snapshot);
  void reset_flows();  ///< ends all flows as kShutdown
  void stop();         ///< ends all flows and sessions; the thread then returns
  void join();
  net::Executor executor() { return context_.get_executor(); }

  // On the worker's own thread, through executor():
  net::Task<FlowList> list_flows(FlowQuery query);
  net::Task<WorkerInfo> info();
  net::Task<FarAnswer> ask(FarQuestion question);

 private:
  void run();
  net::Task<> carry_one(std::unique_ptr<Flow> flow);
  net::Task<> sweep_loop();
  void give_scratch_back();
  net::Task<> carry_datagrams(Flow& flow, FarReader& reader);
  net::Task<> give_back(Flow& flow, FarReader& reader);
  gateway::Gateway& gateway_of(const table::GatewaySpec& spec);
  void end_all_flows();
  net::Task<> shut_down();

  net::asio::io_context context_{1};
  std::function<void(Report)> report_;
  SnapshotPtr snapshot_;
  std::uint64_t all_windows_;
  WindowBudget budget_;
  std::unique_ptr<char[]> scratch_memory_;  // not touched before it is used: most of it never is
  std::span<char> scratch_;
  gateway::Turns& turns_;
  gateway::Room room_;
  std::map<table::GatewaySpec, std::unique_ptr<gateway::Gateway>> gateways_;
  std::map<std::uint64_t, Flow*> flows_;
  Ledger ledger_;
  std::atomic<std::size_t> pings_waiting_{0};  // bytes, of those that were posted
  net::TaskGroup tasks_;
  net::Timer sweep_timer_;
  Counters counters_;
  std::minstd_rand random_{std::random_device{}()};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dvpn::flow
