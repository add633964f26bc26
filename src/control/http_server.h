// SPDX-License-Identifier: GPL-2.0-or-later
// HTTP for reading alone: a listener, and a handler that answers GET. This file does the talking and bounds the size of a request. Who is
// let in, and for how long, is reception.h's; who may call by which name, http_rules.h's; what is served, the handler's business.
// Boost.Beast stays in http_server.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "config/daemon_config.h"
#include "control/reception.h"

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
  static constexpr std::uint32_t kLongestHead = 8u << 10;  ///< bytes of a request; it has no body

  /// Runs on the server's executor.
  using Handler = std::function<net::Task<HttpReply>(HttpRequest)>;

  HttpServer(const net::Executor& executor, const config::Http& config) : executor_(executor), config_(config), reception_(executor) {}

  /// `what` begins each message; a unix socket is for root and `group`.
  Status listen(const std::string& what, const std::string& group);
  void start(Handler handler);
  /// Ends all conversations. Join afterwards.
  void stop();
  net::Task<> join() { return reception_.join(); }

  const config::HttpListen& where() const { return config_.listen; }

 private:
  struct Conversation;
  net::Task<> talk(Reception::Caller& caller);
  net::Task<bool> read(Conversation& conversation);
  net::Task<> answer(Conversation& conversation);
  net::Task<bool> write(Conversation& conversation);

  net::Executor executor_;
  config::Http config_;
  Reception reception_;
  Handler handler_;
};

}  // namespace dvpn::control
