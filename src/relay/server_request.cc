// SPDX-License-Identifier: GPL-2.0-or-later
// From a connection's first byte to its answer.
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/text.h"
#include "relay/errno_status.h"
#include "relay/server.h"

namespace dvpn::relay {

namespace {

void set_option(int fd, int level, int name, int value) { (void)::setsockopt(fd, level, name, &value, sizeof value); }

/// Keepalive finds a target that vanished within two minutes: a minute of silence, then four probes. Urgent data stays
/// in the stream, where it was sent. Closing means a reset until the flow has finished: should this process be killed, the
/// target must not take what was cut off for whole.
void set_target_options(int fd) {
  const linger reset = {1, 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

std::optional<net::Endpoint> local_endpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  return net::Endpoint::from_sockaddr(storage);
}

}  // namespace

void Server::read_request(Connection& connection) {
  if (!connection.reader) connection.reader = std::make_unique<RequestReader>();
  RequestReader& reader = *connection.reader;
  while (!reader.finished()) {
    const ssize_t n = receive(connection.channel.fd, reader.room(), reader.wanted());
    if (n < 0 && errno == EAGAIN) {
      connection.channel.readable = false;
      if (!reader.started()) connection.reader.reset();
      return;
    }
    if (n <= 0)
      return close_connection(connection,
                              connection.phase == Phase::kSpare ? Outcome::kSpareClosed : Outcome::kRequestBroken);
    reader.came(static_cast<std::size_t>(n));
    if (connection.phase == Phase::kSpare && !promote(connection)) return;
  }
  decide_request(connection);
}

/// The first byte came: from now on it counts as a flow.
bool Server::promote(Connection& connection) {
  const Census::Verdict verdict = census_.promote(connection.uid);
  if (verdict != Census::Verdict::kOk) {
    ++(verdict == Census::Verdict::kTooManyFlows ? counters_.limit_flows : counters_.limit_account);
    refuse(connection, no(wire::Status::kLimit));
    return false;
  }
  end_spare(connection);
  connection.phase = Phase::kRequest;
  connection.started = now_;
  set_deadline(connection, now_ + settings_.request_timeout);
  return true;
}

void Server::decide_request(Connection& connection) {
  const auto request = connection.reader->take();
  connection.reader.reset();
  if (request && request->target) connection.destination = *request->target;
  connection.again = request && request->again;
  const Decision decision = decide(request, connection.uid, access_, settings_.connect_timeout);
  if (decision.connect) return begin_connect(connection, decision.deadline);
  const bool asked_only =
      request && (request->kind == wire::Kind::kHello || request->kind == wire::Kind::kWouldAllow);
  refuse(connection, decision.answer, asked_only ? Outcome::kAnswered : Outcome::kRefused);
}

void Server::begin_connect(Connection& connection, std::chrono::milliseconds deadline) {
  sockaddr_storage storage;
  const socklen_t size = connection.destination.to_sockaddr(storage);
  connection.target_fd.reset(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!connection.target_fd) return refuse(connection, no(connect_status(errno)));
  connection.target.fd = connection.target_fd.get();
  set_target_options(connection.target.fd);
  connection.phase = Phase::kConnecting;
  connection.started = now_;
  set_deadline(connection, now_ + deadline);
  if (::connect(connection.target.fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0)
    connection.target.writable = true;
  else if (errno != EINPROGRESS)
    return refuse(connection, no(connect_status(errno)));
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.u64 = reinterpret_cast<std::uint64_t>(&connection) | kTargetBit}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.target.fd, &event) != 0)
    return refuse(connection, no(wire::Status::kLimit));
  finish_connect(connection);
}

void Server::finish_connect(Connection& connection) {
  if (connection.channel_gone) return close_connection(connection, Outcome::kGivenUp);
  if (!connection.target.writable) return;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(connection.target.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return refuse(connection, no(connect_status(error)));
  const auto local = local_endpoint(connection.target.fd);
  // A connect to a port of our own that nobody listens on may, by chance, meet itself (TCP's simultaneous open).
  if (local == connection.destination) return refuse(connection, no(wire::Status::kRefused));
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - connection.started);
  set_deadline(connection, Clock::time_point::max());
  connection.phase = Phase::kFlow;
  counters_.count(wire::Status::kOk);
  connection.down.enqueue(
      wire::encode(wire::Answer{.status = wire::Status::kOk, .connect_time = took, .local = local}), context_);
  run_flow(connection);
}

/// Answers and closes. What else was sent is discarded with the socket.
void Server::refuse(Connection& connection, const wire::Answer& answer, Outcome outcome) {
  const std::string bytes = wire::encode(answer);
  (void)::send(connection.channel.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  counters_.count(answer.status);
  if (outcome == Outcome::kRefused) {
    const net::Endpoint& target = connection.destination;
    log_refusal(connection.uid, target.port != 0 ? text(" to ", target.to_string()) : "", wire::to_text(answer.status));
  }
  close_connection(connection, outcome);
}

void Server::log_refusal(uid_t uid, std::string_view to_whom, std::string_view why) {
  const auto held_back = refusal_lines_.allow(now_);
  if (!held_back) return;
  log_info(text("refused: ", name_of(uid), to_whom, ": ", why,
                *held_back > 0 ? text(" (", *held_back, " such lines left out)") : ""));
}

std::string Server::name_of(uid_t uid) const {
  const auto found = std::ranges::find(settings_.accounts, uid, &KnownAccount::uid);
  return found == settings_.accounts.end() ? text("uid ", uid) : found->name;
}

}  // namespace dvpn::relay
