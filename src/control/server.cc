// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "control/unix_listener.h"

namespace dvpn::control {

namespace {

constexpr std::size_t kLongestLine = 64u << 10;  // bytes

Caller caller_of(Reception::Socket& socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  const bool known = ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0;
  return {known ? credentials.uid : static_cast<uid_t>(-1)};
}

}  // namespace

Status Server::listen(const std::string& path, const std::string& group) {
  net::UnixAcceptor acceptor(executor_);
  const Status listening = listen_unix(acceptor, "control socket ", path, group);
  if (!listening) return listening;
  path_ = path;
  reception_.open(std::move(acceptor));
  return {};
}

void Server::start(Handler handler) {
  handler_ = std::move(handler);
  reception_.start([this](Reception::Caller& caller) { return talk(caller); });
}

void Server::stop() {
  if (reception_.stopped()) return;
  reception_.stop();
  ::unlink(path_.c_str());
}

net::Task<> Server::talk(Reception::Caller& caller) {
  const Caller who = caller_of(caller.socket);
  std::string input;
  while (!reception_.stopped()) {
    const bool come = co_await read(caller, input);
    if (!come) break;
    const std::size_t length = input.find('\n');
    std::string line = input.substr(0, length);
    input.erase(0, length + 1);
    auto answering = handler_(who, std::move(line));
    std::string answer = co_await std::move(answering);
    answer += '\n';
    auto writing = write(caller, std::move(answer));
    const bool taken = co_await std::move(writing);
    if (!taken) break;
  }
}

/// Until `input` has a line. False: the caller has gone, is too slow, makes room, or sends no line that anyone would.
net::Task<bool> Server::read(Reception::Caller& caller, std::string& input) {
  caller.state = Reception::Caller::State::kSilent;
  const net::Deadline deadline = reception_.patience(caller);
  auto buffer = net::asio::dynamic_buffer(input, kLongestLine);
  const auto [error, length] = co_await net::asio::async_read_until(caller.socket, buffer, '\n', net::use_result);
  co_return !error && reception_.heard(caller);
}

net::Task<bool> Server::write(Reception::Caller& caller, std::string answer) {
  caller.state = Reception::Caller::State::kTakes;
  const net::Deadline deadline = reception_.patience(caller);
  const auto [error, written] = co_await net::asio::async_write(caller.socket, net::asio::buffer(answer), net::use_result);
  co_return !error;
}

}  // namespace dvpn::control
