// SPDX-License-Identifier: GPL-2.0-or-later
// From a connection's first byte to its answer.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/text.h"
#include "relay/errno_status.h"
#include "relay/flow_line.h"
#include "relay/server.h"
#include "relay/target_socket.h"

namespace dvpn::relay {

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
    const bool of_all = verdict == Census::Verdict::kTooManyFlows;
    ++(of_all ? counters_.limit_flows : counters_.limit_account);
    refuse(connection, no(of_all ? wire::Limit::kFlows : wire::Limit::kFlowsPerAccount));
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
  if (request) connection.protocol = protocol_of(request->kind);
  const bool is_plain = request && (request->kind == wire::Kind::kTcp || request->kind == wire::Kind::kUdp);
  if (!is_plain) find_features();  // what the system lets us do may have changed since
  const Decision decision = decide(request, connection.uid, access_, features_, settings_.connect_timeout);
  if (decision.open) return open_target(connection, *decision.open);
  if (decision.is_about_the_client) connection.source = request->client;
  const bool asked_only =
      request && (request->kind == wire::Kind::kHello || request->kind == wire::Kind::kWouldAllow);
  refuse(connection, decision.answer, asked_only ? Outcome::kAnswered : Outcome::kRefused);
}

void Server::open_target(Connection& connection, const Opening& opening) {
  connection.destination = opening.target;
  connection.source = opening.source;
  connection.target_fd = make_target_socket(opening.protocol, opening.target.address.family());
  if (!connection.target_fd) return refuse(connection, no(connect_status(errno)));
  connection.target.fd = connection.target_fd.get();
  connection.phase = Phase::kConnecting;
  connection.started = now_;
  set_deadline(connection, now_ + opening.deadline);
  if (connection.source) return ask_for_source(connection);
  connect_now(connection);
}

void Server::connect_now(Connection& connection) {
  const int error = connect_target(connection.target.fd, connection.destination);
  if (connection.source && ask_again(connection, error)) return;
  if (error != 0 && error != EINPROGRESS) return refuse(connection, no(connect_status(error)));
  if (connection.protocol != config::Protocol::kTcp) return begin_datagrams(connection);
  connection.target.writable = error == 0;
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.u64 = reinterpret_cast<std::uint64_t>(&connection) | kTargetBit}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.target.fd, &event) != 0)
    return refuse(connection, no(wire::Status::kLimit));
  finish_connect(connection);
}

void Server::finish_connect(Connection& connection) {
  if (connection.channel_gone) return close_connection(connection, Outcome::kGivenUp);
  if (connection.phase == Phase::kBinding || !connection.target.writable) return;
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
  note_source(connection, local);
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
    const bool has_target = connection.destination != net::Endpoint();
    const std::string as = connection.source ? text(" as ", connection.source->to_string()) : "";
    log_refusal(connection.uid,
                has_target ? text(as, " to ", target_text(connection.protocol, connection.destination)) : "",
                wire::no_text(answer));
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
