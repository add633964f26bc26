// SPDX-License-Identifier: GPL-2.0-or-later
// The control socket: one JSON object a line in, one a line out, on a unix socket for root and the admin group. What a
// call means is the handler's business; this file does the talking, and bounds it: the number of callers, the length of
// a line, the time that a caller may take.
#pragma once

#include <sys/types.h>

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/error.h"
#include "net/task_group.h"

namespace dvpn::control {

/// Who calls (SO_PEERCRED, unix(7)).
struct Caller {
  uid_t uid;
};

class Server {
 public:
  /// Answers one line with one line, both without their newline. Runs on the server's executor.
  using Handler = std::function<net::Task<std::string>(Caller, std::string)>;

  explicit Server(const net::Executor& executor) : acceptor_(executor), tasks_(executor) {}

  /// Binds `path` with mode 0660 for `group` (none, or one that does not exist: root alone). A socket that nobody serves any
  /// more is replaced; one that answers is an error: the daemon runs already.
  Status listen(const std::string& path, const std::string& group);

  void start(Handler handler);
  /// Ends all conversations and removes the socket. Join afterwards.
  void stop();
  net::Task<> join() { return tasks_.join(); }

 private:
  net::Task<> accept_loop();
  struct Conversation {
    net::UnixSocket socket;
    bool waits = true;  // for the caller's next line
  };
  net::Task<> talk(std::unique_ptr<Conversation> owned);
  void make_room();

  net::UnixAcceptor acceptor_;
  net::TaskGroup tasks_;
  Handler handler_;
  std::list<Conversation*> conversations_;  // the one that was heard longest ago first
  std::string path_;
  bool stopped_ = false;
};

}  // namespace dvpn::control
