// SPDX-License-Identifier: GPL-2.0-or-later
// Who is let in to talk, for a server of few and short conversations: the control socket, HTTP. It accepts, bounds the number of
// callers and the time that each may take, and hangs up; what is said is the business of whoever made it.
//
// A caller is silent (its next question is waited for), answered, or takes an answer. Of too many the silent one that was heard longest
// ago goes: callers that say nothing must not keep others out. If all are being answered the new one is turned away.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "net/deadline.h"
#include "net/task_group.h"

namespace dvpn::control {

class Reception {
 public:
  using Socket = net::asio::basic_stream_socket<net::asio::generic::stream_protocol, net::Executor>;
  using Acceptor = net::asio::basic_socket_acceptor<net::asio::generic::stream_protocol, net::Executor>;

  static constexpr std::size_t kMostCallers = 32;
  static constexpr auto kPatience = std::chrono::seconds(30);  ///< for a caller's next question, and for it to take an answer
  static constexpr auto kLastPatience = std::chrono::seconds(1);

  struct Caller {
    enum class State { kSilent, kAnswered, kTakes };
    Socket socket;
    State state = State::kSilent;
  };
  /// Talks with one caller until it has nothing more to say. Runs on the reception's executor; the caller lives as long.
  using Talk = std::function<net::Task<>(Caller&)>;

  explicit Reception(const net::Executor& executor) : executor_(executor), tasks_(executor), pause_(executor) {}

  /// Takes over an acceptor that listens, of any kind.
  template <class Other>
  void open(Other acceptor) {
    acceptor_.emplace(std::move(acceptor));
  }

  void start(Talk talk);
  /// Lets nobody in any more and hangs up, but for those whose answer is being worked out: they get it if they take it within
  /// kLastPatience. Join afterwards.
  void stop();
  bool stopped() const { return stopped_; }
  net::Task<> join() { return tasks_.join(); }

  // For the talk:

  /// Hangs up, unless what is returned goes out of scope in time.
  net::Deadline patience(Caller& caller);
  /// The caller has asked something, and is answered from now on. False: it has been hung up on meanwhile.
  bool heard(Caller& caller);

 private:
  net::Task<> accept_loop();
  net::Task<> receive(std::unique_ptr<Caller> owned);
  bool make_room();

  net::Executor executor_;
  std::optional<Acceptor> acceptor_;
  net::TaskGroup tasks_;
  net::Timer pause_;  // of the accept loop, after trouble
  Talk talk_;
  std::list<Caller*> callers_;  // the one that was heard longest ago first
  bool stopped_ = false;
};

}  // namespace dvpn::control
