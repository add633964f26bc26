// SPDX-License-Identifier: GPL-2.0-or-later
// One flow: a client's connection, or its datagrams to one target, and the channel that carries it.
//
// Theory of operation. A flow is opening, open, or ended. One whose SYN is held by the gate has no client yet while it is
// opening: when the far side has said yes it is ready, and waits for the socket (attach()). Open, it has two halves, as in OpenSSH's nchan.c: the client's
// bytes go up, the target's come down, and each half ends on its own. When both have ended the flow is done. Anything
// else ends it at once, both halves together, with a reason: the client then gets a reset, never a clean end that would
// make a cut-off download look whole; and the far end gets a channel that closes without an end frame, which is a reset
// there. finish() is the one place where the reason is set.
//
// A flow of datagrams, UDP's or pings, has no halves and no connection; what it has instead is in `datagrams`, and datagram_copy.h
// and ping_copy.h work on it. It is opened as one that is held: the far side's yes comes before anything is passed on.
//
// Owner: the worker; two coroutines work on it (copy.h) and are joined before it goes. Bounds: input by the channel's
// window, output by the session's backlog, plus one unsent rest each way (pending_up, pending_down).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/unique_fd.h"
#include "flow/datagrams.h"
#include "flow/end_reason.h"
#include "flow/protocol.h"
#include "flow/receive_window.h"
#include "flow/snapshot.h"
#include "gateway/usage.h"
#include "net/task_group.h"
#include "ssh/channel.h"

namespace dvpn::flow {

/// What the front hands to a worker.
struct Request {
  std::uint64_t id = 0;
  Protocol protocol = Protocol::kTcp;
  UniqueFd socket;            ///< of a connection; none: its SYN is held. UDP: what stands in for the target
  net::Endpoint client;       ///< as it sent
  net::Endpoint destination;  ///< where it was going
  SnapshotPtr snapshot;
  const table::Route* route = nullptr;  ///< in the snapshot
  std::chrono::steady_clock::time_point begun;  ///< when it was accepted, or its SYN or first datagram came
  const intercept::RawSender* sender = nullptr;      ///< tells a client of datagrams what became of them; may be none
  std::optional<Ping> ping{};                        ///< the first one of a flow of pings
};

struct Flow {
  using Clock = std::chrono::steady_clock;
  enum class State : std::uint8_t { kOpening, kReady, kOpen, kEnded };

  Flow(const net::Executor& executor, Request request, WindowBudget& budget);
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  /// Ends the flow. The first reason stays; `why` adds what a person should know.
  void finish(EndReason reason, std::string why = {});
  bool ended() const { return state == State::kEnded; }
  /// The client of a flow that was held.
  void attach(UniqueFd client_socket);
  /// What has come down the channel, Channel::read(): first what was left over when it was opened.
  ssh::Channel::Read read_far(std::span<char> buffer);
  /// One of the halves has finished; with both, the flow is done.
  void half_finished(bool& half);
  /// Answers a client whose flow failed with a reset instead of an end, and closes the socket.
  void close_client();

  std::uint64_t id;
  Protocol protocol;
  net::Endpoint client;
  net::Endpoint destination;
  SnapshotPtr snapshot;
  const table::Route* route;
  bool held;  ///< it had no connection when it began: by the gate, or because its protocol has none
  Clock::time_point begun;
  Clock::time_point opened{};  ///< when the far side said yes; unset while it has not

  net::TcpSocket socket;
  std::optional<Datagrams> datagrams;  ///< unless it is TCP
  net::Signal attached;   ///< it has one now, or has ended; of pings: there is one to be sent
  net::TaskGroup copies;  ///< the coroutines that work on it
  net::Timer pause;       ///< of watch_client() and watch_idleness()
  std::unique_ptr<ssh::Channel> channel;
  std::string gateway;  ///< its name, once one was chosen
  gateway::Gateway* carrier = nullptr;  ///< whose channel it is
  gateway::Wait* waiting = nullptr;     ///< at a gateway, for a channel
  bool channel_ready = false;           ///< the relay has said that the channel takes another request
  ReceiveWindow window;

  State state = State::kOpening;
  EndReason reason = EndReason::kDone;
  std::string why;
  bool up_finished = false;
  bool down_finished = false;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  gateway::Pace pace;          ///< the ledger's
  bool opening_noted = false;  ///< by the ledger

  bool watched = false;  ///< watch_client() runs

  std::string early;         ///< came with the far side's yes, before the client was there
  std::string pending_up;    ///< taken from the client, not yet taken by the channel
  std::string pending_down;  ///< taken from the channel, not yet taken by the client
};

/// What the far side is asked for: the destination, translated where its line of the table says so (map=).
net::Endpoint target_of(const Flow& flow);

/// The one log line of a finished flow.
std::string log_line(const Flow& flow);

}  // namespace dvpn::flow
