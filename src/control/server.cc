// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "control/unix_listener.h"
#include "net/deadline.h"

namespace dvpn::control {

namespace {

constexpr std::size_t kMostCallers = 32;
constexpr std::size_t kLongestLine = 64u << 10;  // bytes
constexpr auto kPatience = std::chrono::seconds(30);

Caller caller_of(net::UnixSocket& socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  const bool known = ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0;
  return {known ? credentials.uid : static_cast<uid_t>(-1)};
}

}  // namespace

Status Server::listen(const std::string& path, const std::string& group) {
  const Status listening = listen_unix(acceptor_, "control socket ", path, group);
  if (listening) path_ = path;
  return listening;
}

void Server::start(Handler handler) {
  handler_ = std::move(handler);
  tasks_.spawn(accept_loop());
}

void Server::stop() {
  if (stopped_) return;
  stopped_ = true;
  net::error_code ignored;
  acceptor_.close(ignored);
  ::unlink(path_.c_str());
  for (Conversation* const one : conversations_)
    if (one->waits) one->socket.close(ignored);
}

/// Callers that say nothing must not keep others out: of too many the one that was heard longest ago goes.
void Server::make_room() {
  if (conversations_.size() < kMostCallers) return;
  const auto idle = std::ranges::find_if(conversations_, [](const Conversation* one) { return one->waits; });
  if (idle == conversations_.end()) return;
  net::error_code ignored;
  (*idle)->socket.close(ignored);
  conversations_.erase(idle);
}

net::Task<> Server::accept_loop() {
  while (!stopped_) {
    // Unbounded: ended by a caller or by stop().
    auto [error, socket] = co_await acceptor_.async_accept(net::use_result);
    if (error || stopped_) break;
    make_room();
    if (conversations_.size() >= kMostCallers) continue;
    auto conversation = std::make_unique<Conversation>(std::move(socket));
    conversations_.push_back(conversation.get());
    tasks_.spawn(talk(std::move(conversation)));
  }
}

net::Task<> Server::talk(std::unique_ptr<Conversation> owned) {
  Conversation& conversation = *owned;
  net::UnixSocket& socket = conversation.socket;
  const Caller caller = caller_of(socket);
  std::string input;
  while (!stopped_) {
    const net::Deadline deadline(socket.get_executor(), kPatience, [&socket] {
      net::error_code ignored;
      socket.close(ignored);
    });
    auto buffer = net::asio::dynamic_buffer(input, kLongestLine);
    const auto [error, length] = co_await net::asio::async_read_until(socket, buffer, '\n', net::use_result);
    if (error) break;  // the caller has gone, is too slow, makes room, or sends no line that anyone would
    conversation.waits = false;
    conversations_.remove(&conversation);
    conversations_.push_back(&conversation);
    std::string line = input.substr(0, length - 1);
    input.erase(0, length);
    std::string answer = co_await handler_(caller, std::move(line));
    answer += '\n';
    const auto [failed, written] = co_await net::asio::async_write(socket, net::asio::buffer(answer), net::use_result);
    if (failed) break;
    conversation.waits = true;
  }
  conversations_.remove(&conversation);
}

}  // namespace dvpn::control
