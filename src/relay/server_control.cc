// SPDX-License-Identifier: GPL-2.0-or-later
// What the parent says: new settings, drain, report.
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/log.h"
#include "base/text.h"
#include "relay/server.h"

namespace dvpn::relay {

namespace {

/// How long flows may go on once the relay was told to end.
constexpr auto kDrainTime = std::chrono::seconds(30);

}  // namespace

void Server::read_control() {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = receive(control_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) {
      parent_gone_ = true;
      return;
    }
    messages_.feed({buffer.data(), static_cast<std::size_t>(n)});
  }
  for (;;) {
    const auto message = messages_.next();
    if (!message) {
      parent_gone_ = true;  // it does not speak our language: it is none of us
      return;
    }
    if (!*message) return;
    obey_parent(**message);
  }
}

void Server::obey_parent(const Message& message) {
  switch (message.kind) {
    case MessageKind::kSettings:
      if (auto settings = decode_settings(message.body))
        apply(std::move(*settings));
      else
        log_error("the parent's settings make no sense; the old ones stay");
      break;
    case MessageKind::kDrain:
      if (draining_)
        end_all_flows();
      else
        begin_drain();
      break;
    case MessageKind::kReport:
      log_info(text("counters: ", counters_.to_text(), "; open: flows ", census_.flows(), ", of datagrams ", datagram_flows_, ", spares ", census_.spares(),
                    ", pipes lent ", pipes_.lent(), ", bytes held ", context_.held));
      break;
    case MessageKind::kServing:
    case MessageKind::kHeartbeat: break;
  }
}

/// Flows that are up stay as they are, whatever the new access list says.
void Server::apply(Settings settings) {
  settings_ = std::move(settings);
  access_ = AccessList(settings_.rules, settings_.wan_addresses);
  census_.set_limits(settings_.limits);
  pipes_.set_most(settings_.limits.pipes);
  set_log_level(settings_.log_level);
  find_features();
  const bool has_heartbeat = settings_.heartbeat.count() > 0;
  next_heartbeat_ = has_heartbeat ? now_ + settings_.heartbeat : Clock::time_point::max();
  send_to_parent(MessageKind::kServing);
}

void Server::begin_drain() {
  draining_ = true;
  drain_until_ = now_ + kDrainTime;
  listener_.reset();
  std::vector<Connection*> unanswered;
  for (const auto& connection : connections_)
    if (connection->phase < Phase::kFlow) unanswered.push_back(connection.get());
  for (Connection* connection : unanswered) {
    if (connection->phase == Phase::kSpare)
      turn_away(*connection, Outcome::kShutDown);
    else
      refuse(*connection, no(wire::Status::kFailed));
  }
  log_info(text("draining: ", census_.flows(), " flows left"));
}

void Server::end_all_flows() {
  drain_until_ = Clock::time_point::max();
  std::vector<Connection*> left;
  for (const auto& connection : connections_)
    if (connection->phase == Phase::kFlow || connection->phase == Phase::kDatagrams) left.push_back(connection.get());
  for (Connection* connection : left) {
    (void)obey(*connection, connection->machine.shut_down());
    if (!connection->closed) sync_out_interest(*connection);
  }
}

void Server::send_to_parent(MessageKind kind) {
  const std::string bytes = encode_message(kind);
  (void)::send(control_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace dvpn::relay
