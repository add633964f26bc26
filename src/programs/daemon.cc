// SPDX-License-Identifier: GPL-2.0-or-later
#include "programs/daemon.h"

#include <algorithm>
#include <csignal>
#include <thread>

#include "base/log.h"
#include "base/service_notify.h"
#include "base/text.h"
#include "net/deadline.h"

#ifndef DVPN_VERSION
#error "the build says which version this is"
#endif

namespace dvpn {

namespace {

constexpr std::size_t kMostWorkers = 16;

std::size_t worker_count(const config::DaemonConfig& config) {
  const std::size_t wanted = config.daemon.workers > 0 ? config.daemon.workers : std::thread::hardware_concurrency();
  return std::clamp<std::size_t>(wanted, 1, kMostWorkers);
}

}  // namespace

Daemon::Daemon(std::string config_path, flow::SnapshotPtr snapshot)
    : recent_log_(snapshot->config.log.recent),
      config_path_(std::move(config_path)),
      snapshot_(std::move(snapshot)),
      control_(context_.get_executor()),
      tasks_(context_.get_executor()),
      stop_(context_.get_executor()),
      watchdog_timer_(context_.get_executor()),
      watch_timer_(context_.get_executor()),
      rules_timer_(context_.get_executor()),
      signals_(context_.get_executor()),
      reload_ended_(context_.get_executor()),
      routing_stop_behind_(context_.get_executor()) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
  const auto now = std::chrono::system_clock::now();
  config_state_ = {config_path_, now, std::nullopt};
  table_state_ = {snapshot_->config.table, now, std::nullopt};
  table_stamp_ = FileStamp(snapshot_->config.table);
  keep_log(&recent_log_);
}

Daemon::~Daemon() { keep_log(nullptr); }

Status Daemon::prepare() {
  const config::DaemonConfig& config = snapshot_->config;
  auto redirects = intercept::Listener::redirects(context_.get_executor(), config.intercept.port);
  if (!redirects) return std::unexpected(redirects.error());
  redirects_ = std::make_unique<intercept::Listener>(std::move(*redirects));
  if (const Status forwards = change_forwards(config.forwards); !forwards) return forwards;
  if (const Status listening = control_.listen(config.control.socket, config.control.group); !listening) return listening;
  if (const Status http = open_http(); !http) return http;
  if (const Status held = open_queue(); !held) return held;
  if (const Status datagrams = open_datagrams(); !datagrams) return datagrams;
  return open_pings();
}

/// Where the kernel or our privileges do not allow the gate, connections are carried nevertheless.
Status Daemon::open_queue() {
  const config::DaemonConfig& config = snapshot_->config;
  if (config.intercept.gate != config::Gate::kHold) return {};
  auto queue = intercept::PacketQueue::open(context_.get_executor(), config.intercept.queue, config.rules.mark, intercept::kMostHeaders,
                                            "intercept.queue");
  if (queue) {
    queue_ = std::move(*queue);
    return {};
  }
  if (queue.error().kind == ErrorKind::kConfiguration) return std::unexpected(queue.error());
  gate_error_ = queue.error().text;
  log_error(text("no gate, connections are accepted first: ", *gate_error_));
  return {};
}

/// Where our privileges do not allow UDP, connections are carried nevertheless.
Status Daemon::open_datagrams() {
  const config::DaemonConfig& config = snapshot_->config;
  if (!config.udp.carry) return {};
  auto sender = intercept::RawSender::open();
  if (sender)
    sender_ = std::move(*sender);
  else
    log_warning(text(sender.error().text, ": hosts are not told what became of their datagrams"));
  auto queue = intercept::PacketQueue::open(context_.get_executor(), config.intercept.datagram_queue, config.rules.mark, intercept::kMostHeaders,
                                            "intercept.datagram_queue");
  if (queue) {
    datagram_queue_ = std::move(*queue);
    return {};
  }
  if (queue.error().kind == ErrorKind::kConfiguration) return std::unexpected(queue.error());
  udp_error_ = queue.error().text;
  log_error(text("no UDP: ", *udp_error_));
  return {};
}

/// And so with pings: without the privileges, the rules refuse them.
Status Daemon::open_pings() {
  const config::DaemonConfig& config = snapshot_->config;
  if (!config.ping.carry) return {};
  auto sender = intercept::RawSender::open();
  auto queue = intercept::PacketQueue::open(context_.get_executor(), config.intercept.ping_queue, config.rules.mark, flow::kWholePackets,
                                            "intercept.ping_queue");
  if (sender && queue) {
    ping_sender_ = std::move(*sender);
    ping_queue_ = std::move(*queue);
    return {};
  }
  const Error& error = queue ? sender.error() : queue.error();
  if (error.kind == ErrorKind::kConfiguration) return std::unexpected(error);
  ping_error_ = error.text;
  log_error(text("no pings: ", *ping_error_));
  return {};
}

void Daemon::start_pings() {
  if (!ping_queue_) return;
  pings_ = std::make_unique<flow::PingFront>(std::move(ping_queue_), *ping_sender_, *dispatcher_);
  pings_->start(tasks_);
}

void Daemon::start_datagrams() {
  if (!datagram_queue_) return;
  udp_ = std::make_unique<flow::UdpFront>(std::move(datagram_queue_), sender_.get(), *dispatcher_);
  udp_->start(tasks_);
}

void Daemon::start_gate() {
  if (!queue_) return;
  gate_ = std::make_unique<flow::Gate>(context_.get_executor(), std::move(queue_), gate_limits(), *dispatcher_);
  gate_->start(tasks_);
}

/// Opens what is new before it closes what is gone: on an error nothing has changed. A forward that only leads elsewhere
/// keeps its socket, which could not be opened twice.
Status Daemon::change_forwards(const std::vector<config::Forward>& forwards) {
  std::vector<ForwardListener> opened;
  for (const config::Forward& forward : forwards) {
    if (std::ranges::find(forwards_, forward.listen, &ForwardListener::listen) != forwards_.end()) continue;
    auto listener = intercept::Listener::forward(context_.get_executor(), forward.listen, forward.to);
    if (!listener) return std::unexpected(listener.error());
    opened.push_back({forward.listen, std::make_unique<intercept::Listener>(std::move(*listener))});
  }
  const auto gone = std::ranges::partition(forwards_, [&](const ForwardListener& open) {
    const auto wanted = std::ranges::find(forwards, open.listen, &config::Forward::listen);
    if (wanted == forwards.end()) return false;
    open.listener->lead_to(wanted->to);
    return true;
  });
  for (ForwardListener& closed : gone) {
    closed.listener->stop();
    closed_forwards_.push_back(std::move(closed));
  }
  forwards_.erase(gone.begin(), gone.end());
  for (ForwardListener& fresh : opened) {
    if (dispatcher_) start_accepting(*fresh.listener);
    forwards_.push_back(std::move(fresh));
  }
  return {};
}

void Daemon::start_accepting(intercept::Listener& listener) {
  for (std::size_t i = 0; i < listener.sockets(); ++i)
    tasks_.spawn(listener.accept_loop(i, [this](intercept::Caught caught) {
      if (gate_ && caught.by == intercept::Caught::By::kRedirect)
        gate_->accepted(std::move(caught));
      else
        dispatcher_->caught(std::move(caught));
    }));
}

int Daemon::run() {
  tasks_.spawn(serve());
  context_.run();
  return 0;
}

net::Task<> Daemon::serve() {
  const config::DaemonConfig& config = snapshot_->config;
  const std::size_t count = worker_count(config);
  for (std::size_t i = 0; i < count; ++i) {
    const auto to_front = [this](flow::Report report) {
      net::asio::post(context_, [this, report] {
        if (gate_) gate_->reported(report);
        if (udp_) udp_->reported(report);
        if (pings_) pings_->reported(report);
        dispatcher_->reported(report);
      });
    };
    workers_.push_back(std::make_unique<flow::Worker>(snapshot_, config.limits.buffers / count, turns_, to_front));
  }
  auto conntrack = intercept::Conntrack::open();
  if (!conntrack) log_warning(text(conntrack.error().text, ": clients are known by the port that NAT gave them"));
  std::optional<intercept::Conntrack> tracker;
  if (conntrack) tracker.emplace(std::move(*conntrack));
  dispatcher_ = std::make_unique<flow::Dispatcher>(context_.get_executor(), snapshot_, workers_, std::move(tracker));
  for (const auto& worker : workers_) worker->start();

  start_gate();
  start_datagrams();
  start_pings();
  start_accepting(*redirects_);
  for (ForwardListener& open : forwards_) start_accepting(*open.listener);
  publish_names();
  co_await fill_sets();  // before anybody can ask for a reload, which would replace what is being read here
  control_.start([this](control::Caller caller, std::string line) { return answer(caller, std::move(line)); });
  start_http();
  tasks_.spawn(wait_for_signals());
  tasks_.spawn(watch_table());
  tasks_.spawn(watch_rules());
  tasks_.spawn(keep_stop());
  tasks_.spawn(feed_watchdog());
  log_info(text("dvpnd " DVPN_VERSION " ready: port ", config.intercept.port, ", ", workers_.size(), " workers, ",
                snapshot_->table.routes().size(), " routes"));
  notify_service("READY=1");

  while (!stopping_) co_await stop_.wait();
  notify_service("STOPPING=1");
  if (gate_) gate_->stop();
  if (udp_) udp_->stop();
  if (pings_) pings_->stop();
  redirects_->stop();
  for (ForwardListener& open : forwards_) open.listener->stop();
  const std::size_t connections = dispatcher_->flows(flow::Protocol::kTcp);
  if (connections > 0) log_info(text("stopping: ", connections, " flows may finish"));
  auto draining = dispatcher_->drain(stop_signals_ > 1 ? std::chrono::milliseconds(0) : snapshot_->config.daemon.drain);
  co_await std::move(draining);
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();  // soon: their flows and sessions have been told to end
  workers_ended_ = true;
  control_.stop();
  co_await control_.join();
  co_await stop_http();
  watchdog_timer_.cancel();
  watch_timer_.cancel();
  rules_timer_.cancel();
  routing_stop_behind_.notify();
  signals_.cancel();
  log_info("dvpnd stopped");
}

net::Task<> Daemon::wait_for_signals() {
  for (;;) {
    // Unbounded: ended by serve().
    const auto [error, number] = co_await signals_.async_wait(net::use_result);
    if (error) co_return;
    if (number == SIGHUP) {
      co_await reload();
      continue;
    }
    ++stop_signals_;
    stopping_ = true;
    stop_.notify();
    if (stop_signals_ > 1)
      for (const auto& worker : workers_) worker->reset_flows();
  }
}

net::Task<> Daemon::feed_watchdog() {
  const auto interval = watchdog_interval();
  while (interval && !stopping_) {
    // Every worker has to answer before the manager hears of us: a hung one is a hung daemon.
    co_await worker_infos();
    notify_service("WATCHDOG=1");
    watchdog_timer_.expires_after(*interval / 3);
    co_await watchdog_timer_.async_wait(net::use_result);
  }
}

net::Task<std::string> Daemon::answer(control::Caller caller, std::string line) {
  const auto call = control::parse_call(line);
  if (!call) co_return control::error_answer(call.error());
  if (call->name == "status") {
    auto gathering = whole_state();
    const auto now = co_await std::move(gathering);
    co_return control::status_answer(now);
  }
  if (call->name == "gateways") {
    auto answer = co_await list_gateways();
    co_return answer;
  }
  if (call->name == "flows") {
    const auto query = control::parse_flow_query(line);
    if (!query) co_return control::error_answer(query.error());
    auto listing = list_flows(*query);
    auto answer = co_await std::move(listing);
    co_return answer;
  }
  if (call->name == "log") co_return read_log(line);
  if (call->name == "redirects") co_return list_redirects();
  if (call->name == "why") {
    auto explaining = why(caller, std::move(line));
    auto answer = co_await std::move(explaining);
    co_return answer;
  }
  if (call->name == "probe") {
    auto probing = probe(std::move(line));
    auto answer = co_await std::move(probing);
    co_return answer;
  }
  if (call->name == "reload") {
    if (caller.uid != 0) co_return control::error_answer("a reload needs root");
    auto answer = co_await reload();
    co_return answer;
  }
  co_return control::error_answer(text("unknown call '", call->name, "': status, flows, gateways, redirects, log, why, probe or reload"));
}

}  // namespace dvpn
