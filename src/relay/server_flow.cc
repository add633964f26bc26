// SPDX-License-Identifier: GPL-2.0-or-later
// A flow that is up: turns of its two halves, and its end.
#include <sys/socket.h>

#include "relay/errno_status.h"
#include "relay/server.h"
#include "wire/frame.h"

namespace dvpn::relay {

namespace {

/// What one half may move in one turn.
constexpr std::size_t kTurn = 2u << 20;

/// How long what is left may take once the flow is over, while the channel takes nothing.
constexpr auto kFlushTime = std::chrono::seconds(3);

}  // namespace

void Server::run_flow(Connection& connection) {
  if (connection.channel_gone && !obey(connection, connection.machine.channel_gone())) return;
  if (connection.target_failed) connection.down.expect_failure();
  bool turn_over = false;
  if (!run_up(connection, turn_over)) return;
  if (!run_down(connection, turn_over)) return;
  if (turn_over) enqueue(connection);
  // What the target sent before it failed is still passed on, but only while the channel takes some of it.
  if (connection.target_failed) set_deadline(connection, now_ + kFlushTime);
}

/// Both: false if the flow is over.
bool Server::run_up(Connection& connection, bool& turn_over) {
  while (!connection.target_failed) {
    const CopyResult result = connection.up.advance(connection.channel, connection.target, context_, kTurn);
    if (result == CopyResult::kTurnOver) turn_over = true;
    if (result == CopyResult::kTurnOver || result == CopyResult::kBlocked) return true;
    if (result == CopyResult::kTargetFailed) {
      connection.target_failed = true;
      connection.target_error = connection.up.error();
      connection.down.expect_failure();
      connection.target.readable = true;
      return true;
    }
    const bool was_open = connection.machine.is_up_open();
    if (result == CopyResult::kEnded && connection.again) connection.down.say_ready();
    if (!obey(connection, on_copy_result(connection, result, 0))) return false;
    // After the end frame it is read on, for a reset; after the channel's end there is nothing more.
    if (result != CopyResult::kEnded || !was_open) return true;
  }
  return true;
}

bool Server::run_down(Connection& connection, bool& turn_over) {
  if (!connection.machine.is_down_open()) {
    if (!connection.target_failed) return true;
    return obey(connection, connection.machine.target_failed(reset_status(connection.target_error)));
  }
  const CopyResult result = connection.down.advance(connection.target, connection.channel, context_, kTurn);
  if (result == CopyResult::kTurnOver) turn_over = true;
  if (result == CopyResult::kTurnOver || result == CopyResult::kBlocked) return true;
  if (result == CopyResult::kEnded) return obey(connection, connection.machine.down_ended());
  const int error = connection.target_error != 0 ? connection.target_error : connection.down.error();
  return obey(connection, on_copy_result(connection, result, error));
}

Step Server::on_copy_result(Connection& connection, CopyResult result, int error) {
  switch (result) {
    case CopyResult::kEnded:
      (void)::shutdown(connection.target.fd, SHUT_WR);  // a target that is gone shows as an error of its own
      return connection.machine.up_ended();
    case CopyResult::kReset: return connection.machine.reset_frame();
    case CopyResult::kProtocolError: return connection.machine.protocol_error();
    case CopyResult::kChannelClosed: return connection.machine.channel_half_closed();
    case CopyResult::kChannelFailed:
      connection.channel_gone = true;
      return connection.machine.is_down_open() || connection.machine.is_up_open()
                 ? Step{Action::kAbort, Outcome::kChannelBroken}
                 : Step{};
    case CopyResult::kTargetFailed: return connection.machine.target_failed(reset_status(error));
    case CopyResult::kBlocked:
    case CopyResult::kTurnOver: break;
  }
  return {};
}

/// False if the flow is over.
bool Server::obey(Connection& connection, const Step& step) {
  switch (step.action) {
    case Action::kGoOn: return true;
    case Action::kClose: finish(connection); return false;
    case Action::kAbort: close_connection(connection, step.outcome); return false;
    case Action::kTell: tell(connection, step); return false;
  }
  return false;
}

/// Both halves have ended, or the gateway has ended a flow of datagrams.
void Server::finish(Connection& connection) {
  if (!keep(connection)) return close_connection(connection, Outcome::kFinished);
  finish_flow(connection, Outcome::kFinished);
  connection.target = {};
  connection.target_failed = false;
  connection.target_error = 0;
  connection.again = false;
  connection.protocol = config::Protocol::kTcp;
  connection.destination = {};
  connection.source.reset();
  connection.machine = {};
  connection.up = {};
  connection.down = {};
  connection.datagrams.reset();
  begin_spare(connection);
}

/// Whether the connection was asked to take another request, may, and could say that it does.
bool Server::keep(Connection& connection) {
  if (!connection.again || draining_ || connection.channel_gone || !connection.down.idle()) return false;
  if (!connection.down.said_ready()) {
    const std::string ready = wire::encode_ready();
    const ssize_t n = ::send(connection.channel.fd, ready.data(), ready.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n != static_cast<ssize_t>(ready.size())) return false;
  }
  Census::Verdict verdict = census_.demote(connection.uid);
  if (verdict != Census::Verdict::kOk && make_room(connection.uid)) verdict = census_.demote(connection.uid);
  return verdict == Census::Verdict::kOk;
}

/// Resets the target and says so to the channel, behind what is already on its way there. A frame whose payload can no
/// longer be completed says it without words: the channel just ends.
void Server::tell(Connection& connection, const Step& step) {
  if (connection.datagrams) finish_datagrams(connection);
  reset_target(connection);
  if (connection.channel_gone || !connection.down.at_boundary()) return close_connection(connection, step.outcome);
  say_last(connection, wire::encode_reset(step.reason), step.outcome);
}

/// The flow is over; its channel still gets what waits for it, and this.
void Server::say_last(Connection& connection, std::string_view frame, Outcome outcome) {
  connection.down.enqueue(frame, context_);
  connection.outcome = outcome;
  connection.phase = Phase::kFlushing;
  set_deadline(connection, now_ + kFlushTime);
  run_flush(connection);
}

void Server::run_flush(Connection& connection) {
  if (connection.channel_gone || connection.down.flush(connection.channel, context_) != CopyResult::kBlocked)
    close_connection(connection, connection.outcome);
}

/// close(2) then goes on sending what is still to be sent.
void Server::end_target_orderly(const Connection& connection) {
  const linger none = {0, 0};
  (void)::setsockopt(connection.target_fd.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/// close(2) sends a RST, as it was told when the connection began, and the kernel forgets what was not sent.
void Server::reset_target(Connection& connection) {
  drop(connection.target_fd);
  connection.target = {};
}

}  // namespace dvpn::relay
