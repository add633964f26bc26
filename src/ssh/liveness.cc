// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a session's far side is there: keepalives all the time, seldom, which end the session; and a question soon when somebody waits
// for an answer and nothing comes, which tells new flows to go elsewhere.
#include <libssh/server.h>

#include <algorithm>

#include "base/text.h"
#include "ssh/session.h"
#include "ssh/session_handle.h"

namespace dvpn::ssh {

namespace {

using std::chrono::milliseconds;

/// Nothing has come for so long while somebody waited: worth a question. (What a relay is asked may take as long as its target does.)
constexpr auto kQuiet = milliseconds(500);
/// Its answer takes a round trip and the far sshd's turn, on a machine that may be busy.
constexpr auto kAnswerTime = milliseconds(1000);
constexpr int kAnswerRoundTrips = 4;

}  // namespace

Session::Question::Question(Session& session) : session_(session) {
  if (++session_.questions_ == 1) session_.asked_.notify();
}

void Session::send_keepalive() {
  // The first call takes in the answer to the last one, the second sends.
  ssh_send_keepalive(handle_->session);
  ssh_send_keepalive(handle_->session);
  settle();
}

net::Task<> Session::keepalive_loop() {
  std::uint64_t seen = handle_->socket_bytes.in_bytes;
  std::uint32_t misses = 0;
  while (!failure_) {
    keepalive_timer_.expires_after(options_.keepalive);
    co_await keepalive_timer_.async_wait(net::use_result);
    if (failure_) break;
    const std::uint64_t now = handle_->socket_bytes.in_bytes;
    misses = now == seen ? misses + 1 : 0;
    seen = now;
    if (misses > options_.keepalive_misses) {
      end(SessionTrouble::kLost, text("its sshd answered none of ", options_.keepalive_misses, " keepalives"));
      break;
    }
    send_keepalive();
  }
}

net::Task<> Session::probe_loop() {
  while (!failure_) {
    if (questions_ == 0) {
      co_await asked_.wait();  // unbounded: ended by a question, or by run()
      continue;
    }
    const std::uint64_t seen = handle_->socket_bytes.in_bytes;
    probe_timer_.expires_after(kQuiet);
    co_await probe_timer_.async_wait(net::use_result);
    if (failure_ || handle_->socket_bytes.in_bytes != seen || questions_ == 0) continue;
    send_keepalive();
    probe_timer_.expires_after(std::max(kAnswerTime, kAnswerRoundTrips * std::chrono::duration_cast<milliseconds>(round_trip_)));
    co_await probe_timer_.async_wait(net::use_result);
    if (failure_) break;
    handle_->socket.readable();  // (this thread may have been busy: what has come is read first)
    turn();
    if (!failure_ && handle_->socket_bytes.in_bytes == seen) fall_silent();
  }
}

void Session::fall_silent() {
  if (!answers_) return;
  answers_ = false;
  silent_since_ = handle_->socket_bytes.in_bytes;
  for (ChannelState* const state : live_) state->readable.notify();
}

}  // namespace dvpn::ssh
