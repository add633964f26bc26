// SPDX-License-Identifier: GPL-2.0-or-later
// One connection to the relay's socket: everything that is kept of it. Plain state; the server drives it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "net/address.h"
#include "relay/copy_down.h"
#include "relay/copy_up.h"
#include "relay/datagram_flow.h"
#include "relay/flow_machine.h"
#include "relay/outcome.h"
#include "relay/request_reader.h"

namespace dvpn::relay {

using Clock = std::chrono::steady_clock;

enum class Phase : std::uint8_t {
  kSpare,       ///< has sent nothing yet
  kRequest,     ///< its request is coming
  kBinding,     ///< the parent was asked to bind the target's socket to the client's address
  kConnecting,  ///< to the target
  kFlow,        ///< a stream: both halves are copied
  kDatagrams,   ///< a flow of datagrams
  kFlushing,    ///< over; what is on its way to the channel, a reset frame last, is still sent for a moment
};

struct Connection {
  UniqueFd channel_fd;
  UniqueFd target_fd;
  Side channel;
  Side target;
  Phase phase = Phase::kSpare;
  bool queued = false;         ///< in the list of those to run
  bool closed = false;         ///< waits for its memory to be freed
  bool channel_gone = false;   ///< EPOLLHUP: the other end is closed
  bool target_failed = false;  ///< EPOLLERR, or a write failed: a stream is over once the receive queue is read;
                               ///< of datagrams, errors wait to be read
  bool out_armed = false;      ///< epoll watches for room in the channel
  bool out_idle = false;       ///< and just reported some that nobody waited for
  int target_error = 0;        ///< what a failed write said
  uid_t uid = 0;
  std::size_t slot = 0;
  std::list<Connection*>::iterator spare;  ///< kSpare: its place among its account's
  bool again = false;  ///< its request wants the channel to take another one afterwards
  Clock::time_point started;
  Clock::time_point deadline = Clock::time_point::max();
  std::unique_ptr<RequestReader> reader;
  config::Protocol protocol = config::Protocol::kTcp;
  net::Endpoint destination;
  std::optional<net::Endpoint> source;  ///< the client, if the target is to see that; once connected, as it sees it
  std::uint64_t question = 0;           ///< to the parent, in kBinding
  FlowMachine machine;
  Outcome outcome = Outcome::kFinished;
  CopyUp up;
  CopyDown down;  ///< of datagrams: only what waits for the channel
  std::unique_ptr<DatagramFlow> datagrams;
  Clock::time_point active;  ///< when a datagram last moved
};

}  // namespace dvpn::relay
