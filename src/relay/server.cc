// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/server.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/log.h"
#include "base/text.h"
#include "relay/flow_line.h"

namespace dvpn::relay {

namespace {

constexpr std::size_t kScratch = 128u << 10;
constexpr std::uint32_t kRefusalBurst = 20;
constexpr std::uint64_t kListenerTag = 0;
constexpr std::uint64_t kControlTag = 1;
constexpr std::uint64_t kSourcesTag = 3;  // no connection's address, with or without kTargetBit

constexpr auto kReadable = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;

}  // namespace

Server::Server(UniqueFd listener, UniqueFd control, SourceAsker sources, Settings settings)
    : listener_(std::move(listener)),
      control_(std::move(control)),
      sources_(std::move(sources)),
      settings_(std::move(settings)),
      access_(settings_.rules, settings_.wan_addresses),
      census_(settings_.limits),
      pipes_(settings_.limits.pipes),
      scratch_(kScratch),
      context_{pipes_, scratch_},
      refusal_lines_(kRefusalBurst, std::chrono::milliseconds(500)),
      pause_lines_(1, std::chrono::seconds(10)),
      source_lines_(1, std::chrono::minutes(1)) {}

Status Server::prepare() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return fail_errno("epoll_create1", errno);
  epoll_event listener{.events = EPOLLIN, .data = {.u64 = kListenerTag}};
  epoll_event control{.events = EPOLLIN, .data = {.u64 = kControlTag}};
  epoll_event sources{.events = EPOLLIN, .data = {.u64 = kSourcesTag}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &listener) != 0 ||
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, control_.get(), &control) != 0 ||
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sources_.fd(), &sources) != 0)
    return fail_errno("epoll_ctl", errno);
  return {};
}

Status Server::run() {
  now_ = Clock::now();
  apply(std::move(settings_));
  std::array<epoll_event, 256> events;
  while (!parent_gone_ && (!draining_ || !connections_.empty())) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout_ms());
    if (count < 0 && errno != EINTR) return fail_errno("epoll_wait", errno);
    now_ = Clock::now();
    for (int i = 0; i < count; ++i) dispatch(events[static_cast<std::size_t>(i)]);
    run_ready();
    expire();
    std::erase_if(closed_, [](const auto& connection) { return !connection->queued; });
  }
  log_info(text("counters: ", counters_.to_text()));
  if (parent_gone_) return fail(ErrorKind::kSystem, "the parent process is gone");
  return {};
}

void Server::dispatch(const epoll_event& event) {
  const std::uint64_t tag = event.data.u64;
  if (tag == kListenerTag) return accept_some();
  if (tag == kControlTag) return read_control();
  if (tag == kSourcesTag) return read_sources();
  auto& connection = *reinterpret_cast<Connection*>(tag & ~kTargetBit);
  if (connection.closed) return;
  const bool is_target = (tag & kTargetBit) != 0;
  Side& side = is_target ? connection.target : connection.channel;
  if (event.events & kReadable) side.readable = true;
  if (event.events & EPOLLOUT && !is_target && side.writable) connection.out_idle = true;
  if (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) side.writable = true;
  if (is_target && (event.events & EPOLLERR)) connection.target_failed = true;
  if (!is_target && (event.events & (EPOLLHUP | EPOLLERR))) connection.channel_gone = true;
  enqueue(connection);
}

void Server::enqueue(Connection& connection) {
  if (connection.queued) return;
  connection.queued = true;
  ready_.push_back(&connection);
}

void Server::run_ready() {
  running_.swap(ready_);
  for (Connection* connection : running_) {
    connection->queued = false;
    if (!connection->closed) step(*connection);
  }
  running_.clear();
}

void Server::step(Connection& connection) {
  switch (connection.phase) {
    case Phase::kSpare:
    case Phase::kRequest: read_request(connection); break;
    case Phase::kBinding:
    case Phase::kConnecting: finish_connect(connection); break;
    case Phase::kFlow: run_flow(connection); break;
    case Phase::kDatagrams: run_datagrams(connection); break;
    case Phase::kFlushing: run_flush(connection); break;
  }
  if (!connection.closed) sync_out_interest(connection);
}

int Server::timeout_ms() const {
  if (!ready_.empty()) return 0;
  auto next = std::min({next_heartbeat_, accept_again_, drain_until_});
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (next == Clock::time_point::max()) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
}

void Server::expire() {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_) {
    Connection& connection = *deadlines_.begin()->second;
    set_deadline(connection, Clock::time_point::max());
    switch (connection.phase) {
      case Phase::kSpare: turn_away(connection, Outcome::kSpareExpired); break;
      case Phase::kRequest: refuse(connection, no(wire::Status::kMalformed)); break;
      case Phase::kBinding: refuse(connection, no(wire::Status::kFailed)); break;
      case Phase::kConnecting: refuse(connection, no(wire::Status::kTimedOut)); break;
      case Phase::kFlow: close_connection(connection, Outcome::kTargetReset); break;
      case Phase::kDatagrams: end_if_idle(connection); break;
      case Phase::kFlushing: close_connection(connection, connection.outcome); break;
    }
  }
  if (accept_again_ <= now_) resume_accepting();
  // Flows of datagrams have no end of their own to wait for.
  const bool is_waiting = drain_until_ != Clock::time_point::max();
  if (drain_until_ <= now_ || (is_waiting && connections_.size() == datagram_flows_)) end_all_flows();
  if (next_heartbeat_ <= now_) {
    send_to_parent(MessageKind::kHeartbeat);
    next_heartbeat_ = now_ + settings_.heartbeat;
  }
}

/// time_point::max() means none.
void Server::set_deadline(Connection& connection, Clock::time_point deadline) {
  if (connection.deadline != Clock::time_point::max()) deadlines_.erase({connection.deadline, &connection});
  connection.deadline = deadline;
  if (deadline != Clock::time_point::max()) deadlines_.insert({deadline, &connection});
}

void Server::close_connection(Connection& connection, Outcome outcome) {
  set_deadline(connection, Clock::time_point::max());
  if (connection.phase == Phase::kSpare) {
    end_spare(connection);
    census_.spare_left(connection.uid);
  } else {
    census_.flow_left(connection.uid);
  }
  finish_flow(connection, outcome);
  drop(connection.channel_fd);
  connection.closed = true;
  std::unique_ptr<Connection>& place = connections_[connection.slot];
  connections_.back()->slot = connection.slot;
  closed_.push_back(std::move(place));
  if (&place != &connections_.back()) place = std::move(connections_.back());
  connections_.pop_back();
  if (accept_again_ != Clock::time_point::max()) resume_accepting();
}

/// The end of what the connection carried: its target is let go, and it is counted.
void Server::finish_flow(Connection& connection, Outcome outcome) {
  binding_.erase(connection.question);
  connection.up.drop(context_);
  connection.down.drop(context_);
  if (connection.datagrams)
    finish_datagrams(connection);
  else if (outcome == Outcome::kFinished) end_target_orderly(connection);  // anything else is a reset, also of one just connected
  drop(connection.target_fd);
  counters_.count(outcome);
  counters_.bytes_up += connection.up.bytes();
  counters_.bytes_down += connection.down.bytes();
  if (connection.phase < Phase::kFlow || !log_enabled(LogLevel::kDebug)) return;
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now_ - connection.started);
  log_debug(flow_line(connection, name_of(connection.uid), outcome, age));
}

/// Closes it. What close(2) leaves in the epoll set, should another process hold the same socket for a moment (the parent,
/// when it has just bound it), would still name the connection.
void Server::drop(UniqueFd& fd) {
  if (fd) (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
  fd.reset();
}

/// Watches for room in the channel once something waits for it, until room is reported that nobody waited for.
void Server::sync_out_interest(Connection& connection) {
  const bool disarm = connection.out_armed && connection.out_idle && connection.channel.writable;
  const bool arm = !connection.out_armed && !connection.channel.writable;
  connection.out_idle = false;
  if (!arm && !disarm) return;
  connection.out_armed = arm;
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (arm ? std::uint32_t{EPOLLOUT} : 0),
                    .data = {.u64 = reinterpret_cast<std::uint64_t>(&connection)}};
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.channel_fd.get(), &event);
}

}  // namespace dvpn::relay
