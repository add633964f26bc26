// SPDX-License-Identifier: GPL-2.0-or-later
// HTTP for reading alone: a listener, and a handler that answers GET. This file does the talking and bounds it: the number of callers,
// the size of a request, the time that a caller may take. Who may call by which name is http_rules.h; what is served, the handler's
// business. Boost.Beast stays in http_server.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "config/daemon_config.h"
#include "net/task_group.h"

namespace dvpn::control {

struct HttpRequest {
  std::string path;   ///< "/flows.json"
  std::string query;  ///< what follows its '?', still encoded
};

struct HttpReply {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body{};
};

class HttpServer {
 public:
  static constexpr std::size_t kMostCallers = 32;
  static constexpr std::uint32_t kLongestHead = 8u << 10;  ///< bytes of a request; it has no body
  static constexpr auto kPatience = std::chrono::seconds(30);  ///< for the next request of a caller, and for it to take an answer

  /// Runs on the server's executor.
  using Handler = std::function<net::Task<HttpReply>(HttpRequest)>;

  HttpServer(const net::Executor& executor, const config::Http& config);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// `name` begins what is said about it; a unix socket is for root and `group`.
  Status listen(const std::string& name, const std::string& group);
  void start(Handler handler);
  /// Ends all conversations. Join afterwards.
  void stop();
  net::Task<> join() { return tasks_.join(); }

  const config::HttpListen& where() const { return config_.listen; }

 private:
  struct Conversation;
  template <class Acceptor>
  net::Task<> accept_loop(Acceptor& acceptor);
  net::Task<> talk(std::unique_ptr<Conversation> owned);
  net::Task<bool> read(Conversation& conversation);
  net::Task<> answer(Conversation& conversation);
  net::Task<bool> write(Conversation& conversation);
  void make_room();

  net::Executor executor_;
  config::Http config_;
  std::optional<net::TcpAcceptor> tcp_;
  std::optional<net::UnixAcceptor> unix_;
  net::TaskGroup tasks_;
  net::Timer pause_;  // of the accept loop, after trouble
  Handler handler_;
  std::list<Conversation*> conversations_;  // the one that was heard longest ago first
  bool stopped_ = false;
};

}  // namespace dvpn::control
