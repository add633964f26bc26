// SPDX-License-Identifier: GPL-2.0-or-later
// The control socket: one JSON object a line in, one a line out, on a unix socket for root and the admin group. What a
// call means is the handler's business; this file does the talking, and bounds the length of a line. Who is let in, and for
// how long, is reception.h's.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/error.h"
#include "control/reception.h"

namespace dvpn::control {

/// Who calls (SO_PEERCRED, unix(7)).
struct Caller {
  uid_t uid;
};

class Server {
 public:
  /// Answers one line with one line, both without their newline. Runs on the server's executor.
  using Handler = std::function<net::Task<std::string>(Caller, std::string)>;

  explicit Server(const net::Executor& executor) : executor_(executor), reception_(executor) {}

  /// Binds `path` with mode 0660 for `group` (none, or one that does not exist: root alone). A socket that nobody serves any
  /// more is replaced; one that answers is an error: the daemon runs already.
  Status listen(const std::string& path, const std::string& group);

  void start(Handler handler);
  /// Ends all conversations and removes the socket. Join afterwards.
  void stop();
  net::Task<> join() { return reception_.join(); }

 private:
  net::Task<> talk(Reception::Caller& caller);
  net::Task<bool> read(Reception::Caller& caller, std::string& input);
  net::Task<bool> write(Reception::Caller& caller, std::string answer);

  net::Executor executor_;
  Reception reception_;
  Handler handler_;
  std::string path_;
};

}  // namespace dvpn::control
