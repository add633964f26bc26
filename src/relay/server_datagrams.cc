// SPDX-License-Identifier: GPL-2.0-or-later
// Flows of datagrams: their beginning, their turns, and how they end.
#include <sys/socket.h>

#include "base/log.h"
#include "relay/server.h"
#include "relay/target_socket.h"
#include "wire/frame.h"

namespace dvpn::relay {

/// What can be done here. Pings depend on a setting of the system that can change at any time.
void Server::find_features() {
  const bool could_ping = (features_ & wire::kFeatureEcho) != 0;
  const bool is_first = features_ == 0;
  features_ = wire::kFeatureTcp | wire::kFeatureUdp | wire::kFeatureWouldAllow;
  if (make_target_socket(config::Protocol::kPing, net::Family::kIPv4)) features_ |= wire::kFeatureEcho;
  const bool can_ping = (features_ & wire::kFeatureEcho) != 0;
  if (!can_ping && (is_first || could_ping))
    log_warning("no pings for other sites: this account may not send any; sysctl -w net.ipv4.ping_group_range='0 2147483647'"
                " lets it (icmp(7))");
}

void Server::begin_datagrams(Connection& connection) {
  epoll_event event{.events = EPOLLIN | EPOLLET,
                    .data = {.u64 = reinterpret_cast<std::uint64_t>(&connection) | kTargetBit}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.target.fd, &event) != 0)
    return refuse(connection, no(wire::Status::kLimit));
  connection.datagrams = std::make_unique<DatagramFlow>(connection.protocol, connection.destination.address);
  connection.phase = Phase::kDatagrams;
  connection.active = now_;
  connection.target.readable = true;
  // Before it was connected, it took datagrams from anybody who knew its port.
  if (connection.source) connection.datagrams->discard(connection.target.fd);
  ++datagram_flows_;
  set_deadline(connection, now_ + settings_.udp_timeout);
  counters_.count(wire::Status::kOk);
  const wire::Answer yes{.status = wire::Status::kOk, .local = local_endpoint(connection.target.fd)};
  note_source(connection, yes.local);
  connection.down.enqueue(wire::encode(yes), context_);
  run_datagrams(connection);
}

void Server::run_datagrams(Connection& connection) {
  DatagramFlow& flow = *connection.datagrams;
  const auto moved = [&flow] { return flow.up().datagrams + flow.down().datagrams; };
  const std::uint64_t before = moved();
  bool turn_over = false;
  if (!run_datagrams_up(connection, turn_over)) return;
  if (connection.target_failed) (void)flow.take_errors(connection.target.fd, now_);
  connection.target_failed = false;
  // What it sent before it went has been passed on.
  if (connection.channel_gone && !turn_over) return close_connection(connection, Outcome::kChannelBroken);
  const CopyResult down = flow.advance_down(connection.target, connection.channel, connection.down, context_, now_);
  if (down == CopyResult::kChannelFailed) return close_connection(connection, Outcome::kChannelBroken);
  if (moved() != before) connection.active = now_;
  if (turn_over || down == CopyResult::kTurnOver) enqueue(connection);
}

/// False if the flow is over.
bool Server::run_datagrams_up(Connection& connection, bool& turn_over) {
  switch (connection.datagrams->advance_up(connection.channel, connection.target.fd, context_, now_)) {
    case CopyResult::kBlocked: return true;
    case CopyResult::kTurnOver: turn_over = true; return true;
    case CopyResult::kEnded: finish(connection); return false;
    case CopyResult::kReset: close_connection(connection, Outcome::kChannelReset); return false;
    case CopyResult::kProtocolError: tell(connection, connection.machine.protocol_error()); return false;
    case CopyResult::kChannelClosed:
    case CopyResult::kChannelFailed:
    case CopyResult::kTargetFailed: break;
  }
  close_connection(connection, Outcome::kChannelBroken);
  return false;
}

/// Its deadline has come: that of the last datagram may be later by now.
void Server::end_if_idle(Connection& connection) {
  const auto idle_at = connection.active + settings_.udp_timeout;
  if (idle_at > now_) return set_deadline(connection, idle_at);
  finish_datagrams(connection);
  reset_target(connection);
  say_last(connection, wire::encode_end(), Outcome::kIdle);
}

/// The counts are complete then; may be called again.
void Server::finish_datagrams(Connection& connection) {
  DatagramFlow& flow = *connection.datagrams;
  if (!connection.target_fd) return;
  flow.finish(connection.target_fd.get(), context_);
  drop(connection.target_fd);
  --datagram_flows_;
  ++(connection.protocol == config::Protocol::kUdp ? counters_.udp_flows : counters_.ping_flows);
  counters_.datagrams_up += flow.up().datagrams;
  counters_.datagrams_down += flow.down().datagrams;
  counters_.dropped_up += flow.up().dropped;
  counters_.dropped_down += flow.down().dropped;
  counters_.unreachable += flow.unreachable();
  counters_.bytes_up += flow.up().bytes;
  counters_.bytes_down += flow.down().bytes;
}

}  // namespace dvpn::relay
