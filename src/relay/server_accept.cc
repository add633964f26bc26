// SPDX-License-Identifier: GPL-2.0-or-later
// New connections: who calls, whether there is room, and what to do when descriptors run out.
#include <sys/socket.h>

#include <cerrno>

#include "base/log.h"
#include "base/text.h"
#include "relay/server.h"

namespace dvpn::relay {

namespace {

constexpr int kAcceptsATurn = 64;
constexpr auto kAcceptPause = std::chrono::milliseconds(250);

}  // namespace

void Server::accept_some() {
  for (int i = 0; i < kAcceptsATurn && listener_; ++i) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      ++counters_.accepted;
      welcome(std::move(fd));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN) pause_accepting();
    return;
  }
}

void Server::welcome(UniqueFd fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  Census::Verdict verdict = census_.spare_came(peer.uid);
  if (verdict != Census::Verdict::kOk && make_room(peer.uid)) verdict = census_.spare_came(peer.uid);
  if (verdict != Census::Verdict::kOk) {
    ++counters_.limit_spares;
    counters_.count(wire::Status::kLimit);
    const bool own = verdict == Census::Verdict::kTooManySpares;
    const std::string answer = wire::encode(no(own ? wire::Limit::kSparesPerAccount : wire::Limit::kFlows));
    (void)::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    log_refusal(peer.uid, "", "too many connections without a request");
    return;
  }
  auto owner = std::make_unique<Connection>();
  Connection& connection = *owner;
  connection.uid = peer.uid;
  connection.slot = connections_.size();
  connection.started = now_;
  connection.channel = {fd.get(), true, true};
  connection.channel_fd = std::move(fd);
  connections_.push_back(std::move(owner));
  begin_spare(connection);
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET,
                    .data = {.u64 = reinterpret_cast<std::uint64_t>(&connection)}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.channel.fd, &event) != 0)
    return refuse(connection, no(wire::Status::kLimit));
  enqueue(connection);
}

/// Turns the account's own oldest away, which is the least likely to be used. False: it has none.
bool Server::make_room(uid_t uid) {
  const auto own = spares_.find(uid);
  if (own == spares_.end()) return false;
  ++counters_.limit_spares;
  turn_away(*own->second.front(), Outcome::kSpareExpired);
  return true;
}

/// It waits for a request, and the census knows of it.
void Server::begin_spare(Connection& connection) {
  std::list<Connection*>& own = spares_[connection.uid];
  connection.spare = own.insert(own.end(), &connection);
  connection.phase = Phase::kSpare;
  set_deadline(connection, now_ + settings_.spare_timeout);
}

void Server::end_spare(Connection& connection) {
  const auto own = spares_.find(connection.uid);
  own->second.erase(connection.spare);
  if (own->second.empty()) spares_.erase(own);
}

/// Says so: who has just sent a request learns from it that nothing was done.
void Server::turn_away(Connection& connection, Outcome outcome) {
  const std::string answer = wire::encode(no(wire::Limit::kSparesPerAccount));
  (void)::send(connection.channel.fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  close_connection(connection, outcome);
}

/// Out of descriptors or memory: the queue of the listener stays full, so looking at it again at once would spin.
void Server::pause_accepting() {
  ++counters_.accept_pauses;
  if (pause_lines_.allow(now_)) log_warning(text("accepting no connections for now: ", errno_text(errno)));
  epoll_event event{.events = 0, .data = {.u64 = 0}};
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), &event);
  accept_again_ = now_ + kAcceptPause;
}

void Server::resume_accepting() {
  accept_again_ = Clock::time_point::max();
  if (!listener_) return;
  epoll_event event{.events = EPOLLIN, .data = {.u64 = 0}};
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), &event);
}

}  // namespace dvpn::relay
