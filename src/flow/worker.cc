// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/worker.h"

#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "base/log.h"
#include "flow/copy.h"
#include "flow/datagram_copy.h"
#include "flow/opening.h"
#include "flow/ping_copy.h"
#include "net/deadline.h"

namespace dvpn::flow {

namespace {

/// How long a relay may take to say that a channel is ready for another flow.
constexpr auto kReadyTime = std::chrono::seconds(5);
constexpr auto kSweepInterval = std::chrono::seconds(1);
/// What a worker keeps of its scratch, in bytes: what reads of the ordinary window need.
constexpr std::size_t kScratchKept = 2u << 20;
/// Pings that a worker has not looked at yet, in bytes, and what each counts besides its own.
constexpr std::size_t kMostPingsWaiting = 4u << 20;
constexpr std::size_t kPingCost = 256;

/// EINTR is fatal to libssh: signals go to the front thread alone.
void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

Worker::Worker(SnapshotPtr snapshot, std::uint64_t window_budget, gateway::Turns& turns, std::function<void(Report)> report)
    : report_(std::move(report)),
      snapshot_(std::move(snapshot)),
      all_windows_(window_budget),
      budget_{window_budget},
      scratch_memory_(std::make_unique_for_overwrite<char[]>(kScratch)),
      scratch_(scratch_memory_.get(), kScratch),
      turns_(turns),
      room_(context_.get_executor()),
      tasks_(context_.get_executor()),
      sweep_timer_(context_.get_executor()) {}

Worker::~Worker() = default;

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::run() {
  block_all_signals();
  tasks_.spawn(sweep_loop());
  context_.run();
}

void Worker::carry(Request request) {
  net::asio::post(context_, [this, held = std::move(request)]() mutable {
    auto flow = std::make_unique<Flow>(context_.get_executor(), std::move(held), budget_);
    if (stopping_) flow->finish(EndReason::kShutdown);
    flows_.emplace(flow->id, flow.get());  // at once: what is posted for it next finds it
    tasks_.spawn(carry_one(std::move(flow)));
  });
}

void Worker::attach(std::uint64_t flow, UniqueFd client) {
  net::asio::post(context_, [this, flow, socket = std::move(client)]() mutable {
    const auto found = flows_.find(flow);
    if (found != flows_.end()) found->second->attach(std::move(socket));
  });
}

bool Worker::ping(std::uint64_t flow, Ping ping) {
  const std::size_t cost = ping.payload.size() + kPingCost;
  if (pings_waiting_.fetch_add(cost) + cost > kMostPingsWaiting) {
    pings_waiting_ -= cost;
    return false;
  }
  net::asio::post(context_, [this, flow, cost, one = std::move(ping)] {
    pings_waiting_ -= cost;
    const auto found = flows_.find(flow);
    if (found != flows_.end()) ask_ping(*found->second, one);
  });
  return true;
}

void Worker::cancel(std::uint64_t flow, EndReason reason, std::string why) {
  net::asio::post(context_, [this, flow, reason, words = std::move(why)] {
    const auto found = flows_.find(flow);
    if (found != flows_.end()) found->second->finish(reason, words);
  });
}

net::Task<> Worker::carry_one(std::unique_ptr<Flow> flow) {
  const net::Deadline deadline(context_.get_executor(), flow->snapshot->config.limits.open_timeout, [&flow] {
    if (flow->opened == Flow::Clock::time_point{}) flow->finish(EndReason::kOpenTimeout, "the far side did not answer in time");
  });
  FarReader reader(flow->route->via, flow->protocol);
  if (!flow->ended()) {
    GatewayOf find = [this](const table::GatewaySpec& spec) -> gateway::Gateway& { return gateway_of(spec); };
    auto opening = open_channel(*flow, reader, std::move(find), static_cast<std::uint32_t>(random_()) << 1, scratch_);
    co_await std::move(opening);
  }
  if (!flow->ended() && flow->held) {
    flow->state = Flow::State::kReady;
    report_({flow->id, Report::What::kReady});
    if (!flow->datagrams) co_await flow->attached.wait();  // unbounded: the front has a client for it, or cancels it after a while
  }
  if (!flow->ended() && flow->datagrams) {
    co_await carry_datagrams(*flow, reader);
  } else if (!flow->ended()) {
    flow->state = Flow::State::kOpen;
    if (!flow->held && flow->route->via == table::Via::kRelay) flow->pending_up = relay_request(*flow);
    flow->copies.spawn(copy_up(*flow, scratch_));
    flow->copies.spawn(copy_down(*flow, reader, scratch_));
    co_await flow->copies.join();
  }
  if (flow->reason != EndReason::kDone && flow->reason != EndReason::kIdle) flow->channel.reset();
  if (flow->protocol == Protocol::kPing) give_up_pings(*flow);
  flow->close_client();
  log_info(log_line(*flow));
  counters_.count(flow->reason);
  counters_.bytes_up += flow->bytes_up;
  counters_.bytes_down += flow->bytes_down;
  if (flow->datagrams) counters_.add(flow->protocol, flow->datagrams->count());
  ledger_.ended(*flow);
  flows_.erase(flow->id);
  report_({flow->id, Report::What::kEnded, flow->reason, flow->opened != Flow::Clock::time_point{}});
  co_await give_back(*flow, reader);
}

net::Task<> Worker::carry_datagrams(Flow& flow, FarReader& reader) {
  flow.state = Flow::State::kOpen;
  flow.pending_up = flow.datagrams->early.substr(flow.datagrams->asked);
  flow.datagrams->early = std::string();
  flow.datagrams->allow_many();
  if (flow.protocol == Protocol::kPing)
    flow.copies.spawn(copy_pings_up(flow));
  else
    flow.copies.spawn(copy_datagrams_up(flow, scratch_));
  flow.copies.spawn(copy_datagrams_down(flow, reader, scratch_));
  flow.copies.spawn(watch_idleness(flow));
  co_await flow.copies.join();
}

/// A channel that finished its flow may carry another one, as soon as the relay has said so. Any other is closed at once:
/// that tells the far end that the flow broke. So is one whose window was widened: window and buffer stay its own, outside of
/// limits.buffers, and sooner or later each channel would have had a large transfer.
net::Task<> Worker::give_back(Flow& flow, FarReader& reader) {
  // After a relay's own end of a flow of datagrams it closes.
  const EndReason wanted = flow.datagrams ? EndReason::kIdle : EndReason::kDone;
  if (!flow.channel || flow.reason != wanted || flow.route->via != table::Via::kRelay || !flow.pending_up.empty()) co_return;
  ssh::Channel& channel = *flow.channel;
  if (channel.widened()) co_return;
  const std::string end = flow.datagrams ? wire::encode_end() : std::string();
  if (channel.write(end) != end.size()) co_return;
  channel.rest();
  const net::Deadline deadline(context_.get_executor(), kReadyTime, [&channel] { channel.wake(); });
  while (!flow.channel_ready && !deadline.expired()) {
    co_await channel.wait_readable();
    const ssh::Channel::Read read = channel.read(scratch_, 0);
    std::string_view chunk(scratch_.data(), read.bytes);
    FarReader::Event event = reader.next(chunk);
    while (event.kind == FarReader::Kind::kDatagram || event.kind == FarReader::Kind::kUnreachable) event = reader.next(chunk);
    flow.channel_ready = event.kind == FarReader::Kind::kReady && chunk.empty();
    const bool says_else = event.kind != FarReader::Kind::kNeedMore && !flow.channel_ready;
    if (read.eof || says_else) co_return;
  }
  if (flow.channel_ready) flow.carrier->keep(std::move(flow.channel), flow.snapshot->config.ssh.relay_socket);
}

gateway::Gateway& Worker::gateway_of(const table::GatewaySpec& spec) {
  std::unique_ptr<gateway::Gateway>& gateway = gateways_[spec];
  if (!gateway) gateway = std::make_unique<gateway::Gateway>(context_.get_executor(), spec, snapshot_->gateways, turns_, room_);
  return *gateway;
}

net::Task<> Worker::sweep_loop() {
  while (!stopping_) {
    sweep_timer_.expires_after(kSweepInterval);
    co_await sweep_timer_.async_wait(net::use_result);
    for (const auto& [spec, gateway] : gateways_) gateway->sweep();
    ledger_.measure(flows_);
    give_scratch_back();
  }
}

/// Nobody has anything in it between his waits, and one deep read would hold its pages for ever.
void Worker::give_scratch_back() {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto end = reinterpret_cast<std::uintptr_t>(scratch_.data() + scratch_.size()) / page * page;
  const auto begin = (reinterpret_cast<std::uintptr_t>(scratch_.data() + kScratchKept) + page - 1) / page * page;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void Worker::renew(SnapshotPtr snapshot) {
  net::asio::post(context_, [this, fresh = std::move(snapshot)] {
    snapshot_ = fresh;
    for (const auto& [spec, gateway] : gateways_) gateway->renew(fresh->gateways);
  });
}

void Worker::end_all_flows() {
  for (const auto& [id, flow] : flows_) flow->finish(EndReason::kShutdown, "the daemon is stopping");
}

void Worker::reset_flows() {
  net::asio::post(context_, [this] { end_all_flows(); });
}

void Worker::stop() {
  net::asio::post(context_, [this] {
    stopping_ = true;
    end_all_flows();
    net::asio::co_spawn(context_, shut_down(), [](std::exception_ptr failure) {
      if (failure) std::terminate();
    });
  });
}

/// The last coroutine of the thread: when it has ended, the event loop has nothing left and returns.
net::Task<> Worker::shut_down() {
  room_.close();
  for (const auto& [spec, gateway] : gateways_) gateway->stop();
  sweep_timer_.cancel();
  co_await tasks_.join();
  for (const auto& [spec, gateway] : gateways_) co_await gateway->join();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

net::Task<FlowList> Worker::list_flows(FlowQuery query) { co_return select(flows_, query); }

net::Task<WorkerInfo> Worker::info() {
  WorkerInfo info{.counters = counters_, .gateways = {}, .windows = all_windows_ - budget_.left};
  for (const auto& [id, flow] : flows_) {
    info.counters.bytes_up += flow->bytes_up;
    info.counters.bytes_down += flow->bytes_down;
    if (flow->datagrams) info.counters.add(flow->protocol, flow->datagrams->count());
  }
  const auto usage = ledger_.usage(flows_);
  for (const auto& [spec, gateway] : gateways_) {
    info.gateways.push_back(gateway->stats());
    if (const auto found = usage.find(gateway.get()); found != usage.end()) info.gateways.back().usage = found->second;
  }
  co_return info;
}

net::Task<FarAnswer> Worker::ask(FarQuestion question) {
  if (stopping_) co_return FarAnswer{};
  GatewayOf find = [this](const table::GatewaySpec& spec) -> gateway::Gateway& { return gateway_of(spec); };
  auto asking = ask_far(std::move(question), std::move(find), context_.get_executor(), scratch_);
  auto answer = co_await std::move(asking);
  co_return answer;
}

}  // namespace dvpn::flow
