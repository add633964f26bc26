// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/flow_line.h"

#include "base/text.h"
#include "base/units.h"

namespace dvpn::relay {

namespace {

std::string count_text(const DatagramFlow::Count& count) {
  std::string out = text(count.datagrams, count.datagrams == 1 ? " datagram, " : " datagrams, ", format_size(count.bytes));
  if (count.dropped > 0) out += text(", dropped ", count.dropped);
  return out;
}

}  // namespace

std::string target_text(config::Protocol protocol, const net::Endpoint& target) {
  switch (protocol) {
    case config::Protocol::kTcp: break;
    case config::Protocol::kUdp: return text("udp ", target.to_string());
    case config::Protocol::kPing: return text("ping ", target.address.to_string());
  }
  return target.to_string();
}

std::string flow_line(const Connection& connection, std::string_view account, Outcome outcome,
                      std::chrono::milliseconds age) {
  const std::string as = connection.source ? text(" as ", connection.source->to_string()) : "";
  std::string out = text("flow of ", account, as, " to ", target_text(connection.protocol, connection.destination), ": ",
                         to_text(outcome), "; ");
  if (const DatagramFlow* datagrams = connection.datagrams.get()) {
    out += text("up ", count_text(datagrams->up()), "; down ", count_text(datagrams->down()), "; ");
    if (datagrams->unreachable() > 0) out += text("unreachable ", datagrams->unreachable(), "; ");
  } else {
    out += text("up ", format_size(connection.up.bytes()), ", down ", format_size(connection.down.bytes()), ", ");
  }
  return out + format_duration(age);
}

}  // namespace dvpn::relay
