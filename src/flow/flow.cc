// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/flow.h"

#include <sys/socket.h>

#include "base/text.h"
#include "flow/ping_copy.h"

namespace dvpn::flow {

namespace {

std::string milliseconds_text(Flow::Clock::duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return text(us / 1000, '.', us / 100 % 10);
}

std::string quoted(std::string_view words) {
  std::string out = "\"";
  for (const char c : words) out += c == '"' ? '\'' : c;
  return out + '"';
}

}  // namespace

Flow::Flow(const net::Executor& executor, Request request, WindowBudget& budget)
    : id(request.id),
      protocol(request.protocol),
      client(request.client),
      destination(request.destination),
      snapshot(std::move(request.snapshot)),
      route(request.route),
      held(!request.socket || request.protocol != Protocol::kTcp),
      begun(request.begun),
      socket(executor),
      attached(executor),
      copies(executor),
      pause(executor),
      window(budget, snapshot->config.limits.flow_buffer) {
  switch (protocol) {
    case Protocol::kTcp:
      if (request.socket) attach(std::move(request.socket));
      break;
    case Protocol::kUdp:
      datagrams.emplace(executor, request.sender);
      if (const auto error = datagrams->take(std::move(request.socket)))
        finish(EndReason::kSystem, text("watching the datagrams' socket: ", error.message()));
      break;
    case Protocol::kPing:
      datagrams.emplace(executor, request.sender);
      datagrams->book.emplace();
      if (request.ping) ask_ping(*this, *request.ping);
      break;
  }
}

void Flow::attach(UniqueFd client_socket) {
  if (ended()) return;
  const auto family = client.address.is_ipv4() ? net::asio::ip::tcp::v4() : net::asio::ip::tcp::v6();
  net::error_code error;
  socket.assign(family, client_socket.get(), error);
  if (error) return finish(EndReason::kSystem, text("watching the client's socket: ", error.message()));
  (void)client_socket.release();
  attached.notify();
}

ssh::Channel::Read Flow::read_far(std::span<char> buffer) {
  if (early.empty()) return channel->read(buffer, window.window());
  const std::size_t bytes = early.copy(buffer.data(), buffer.size());  // all: it was read into such a buffer
  early = std::string();
  return {.bytes = bytes};
}

void Flow::finish(EndReason end, std::string words) {
  if (state == State::kEnded) return;
  state = State::kEnded;
  reason = end;
  why = std::move(words);
  if (waiting != nullptr) waiting->give_up();
  if (channel) channel->wake();
  attached.notify();
  pause.cancel();
  net::error_code ignored;
  socket.cancel(ignored);
  if (datagrams) datagrams->socket.cancel(ignored);
}

void Flow::half_finished(bool& half) {
  half = true;
  if (up_finished && down_finished) finish(EndReason::kDone);
}

void Flow::close_client() {
  if (datagrams) return datagrams->close();
  // Accepted sockets come with a reset on closing (intercept/listener.cc).
  const linger none = {.l_onoff = 0, .l_linger = 0};
  if (reason == EndReason::kDone) ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  net::error_code ignored;
  socket.close(ignored);
}

net::Endpoint target_of(const Flow& flow) {
  return {flow.route->translate(flow.destination.address), flow.destination.port};
}

std::string log_line(const Flow& flow) {
  const auto now = Flow::Clock::now();
  const bool opened = flow.opened != Flow::Clock::time_point{};
  std::string line = text("flow id=", flow.id, " protocol=", name(flow.protocol), " client=", to_text(flow.protocol, flow.client),
                          " destination=", to_text(flow.protocol, flow.destination),
                          flow.route->map ? text(" target=", to_text(flow.protocol, target_of(flow))) : "",
                          " gateway=", flow.gateway.empty() ? "-" : flow.gateway,
                          " via=", flow.route->via == table::Via::kRelay ? "relay" : "direct",
                          flow.datagrams ? "" : flow.held ? " gate=hold" : " gate=accept-first", " end=", name(flow.reason),
                          " up=", flow.bytes_up, " down=", flow.bytes_down,
                          " open_ms=", opened ? milliseconds_text(flow.opened - flow.begun) : "-",
                          " duration_ms=", milliseconds_text(now - flow.begun));
  if (flow.datagrams) {
    const DatagramCounts count = flow.datagrams->count();
    line += text(" datagrams_up=", count.up, " datagrams_down=", count.down, " dropped_up=", count.dropped_up,
                 " dropped_down=", count.dropped_down, " unreachable=", count.unreachable);
    if (flow.protocol == Protocol::kPing) line += text(" unanswered=", count.unanswered);
  }
  if (!flow.why.empty()) line += text(" why=", quoted(flow.why));
  return line;
}

}  // namespace dvpn::flow
