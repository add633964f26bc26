// SPDX-License-Identifier: GPL-2.0-or-later
// Flows that go on with the client's own address: between the decision and the connect the parent binds their socket.
#include <cerrno>

#include "base/log.h"
#include "relay/errno_status.h"
#include "relay/server.h"
#include "relay/target_socket.h"

namespace dvpn::relay {

void Server::ask_for_source(Connection& connection) {
  connection.phase = Phase::kBinding;
  connection.question = sources_.ask(connection.target.fd, *connection.source);
  if (connection.question == 0) return refuse(connection, no(wire::Status::kLimit));
  binding_[connection.question] = &connection;
}

void Server::read_sources() {
  while (const auto answer = sources_.next()) {
    const auto found = binding_.find(answer->number);
    if (found == binding_.end()) continue;  // it has been closed meanwhile
    Connection& connection = *found->second;
    binding_.erase(found);
    connection.question = 0;
    on_source(connection, answer->error);
    if (!connection.closed) sync_out_interest(connection);
  }
}

void Server::on_source(Connection& connection, int error) {
  if (error == EPERM) {
    if (source_lines_.allow(now_))
      log_error("source: client needs CAP_NET_RAW, which dvpn-relay was started without (CapabilityBoundingSet= of its unit)");
    return refuse(connection, no(wire::Status::kFailed));
  }
  if (error != 0) return refuse(connection, no(connect_status(error)));
  connection.phase = Phase::kConnecting;
  connect_now(connection);
}

/// The client has used its port for this target a moment ago, from here as well: so with another one. True if asked.
bool Server::ask_again(Connection& connection, int error) {
  if ((error != EADDRNOTAVAIL && error != EADDRINUSE) || connection.source->port == 0) return false;
  connection.source->port = 0;
  connection.target_fd = make_target_socket(connection.protocol, connection.destination.address.family());
  if (!connection.target_fd) {
    refuse(connection, no(connect_status(errno)));
    return true;
  }
  connection.target.fd = connection.target_fd.get();
  ask_for_source(connection);
  return true;
}

/// The flow has begun: what its target sees.
void Server::note_source(Connection& connection, const std::optional<net::Endpoint>& local) {
  if (!connection.source) return;
  ++counters_.client_flows;
  connection.source = local;
}

}  // namespace dvpn::relay
