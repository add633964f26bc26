// SPDX-License-Identifier: GPL-2.0-or-later
// One SSH session with a gateway's sshd: a TCP connection, authenticated both ways, with many channels.
//
// Theory of operation. libssh is non-blocking, not asynchronous: it acts inside calls. So one pump waits for the
// descriptor (to be readable always, to be writable only while libssh holds output), runs libssh until it has nothing
// more to do, and then wakes the channels whose state changed. Calls of channels may dispatch packets for any other
// channel; the callbacks therefore only set flags, and every call ends in settle(), which notifies.
//
// States: new → connect() → up → ended. A failure is recorded once, with its reason, and ends the session for all of
// its channels. Owner: the gateway's pool; it destroys a session only after run() has returned and no Channel is left.
// Bounds: output that waits here (kMostBacklog and a packet), input by the channels' windows, time by the keepalives.
// Belongs to one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/asio.h"
#include "ssh/channel.h"
#include "ssh/failure.h"
#include "ssh/key.h"
#include "ssh/known_hosts.h"

struct ssh_session_struct;
struct ssh_event_struct;

namespace dvpn::ssh {

/// What a session is made from. The pointers must live as long as the session.
struct SessionOptions {
  std::string host;  ///< as the table names it: the name under which its key is pinned
  net::Port port = 22;
  std::string user;
  std::string ciphers;
  const std::vector<PrivateKey>* keys = nullptr;
  const KnownHosts* known_hosts = nullptr;
  std::chrono::milliseconds keepalive{15'000};
  std::uint32_t keepalive_misses = 3;
};

class Session {
 public:
  Session(const net::Executor& executor, SessionOptions options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// Shakes hands over a connected TCP socket within `within`: host key, then each of our keys. Call once.
  net::Task<std::expected<void, SessionFailure>> connect(net::TcpSocket socket, std::chrono::milliseconds within);

  /// Pumps until the session ends; returns why. Call once, after connect() succeeded. Bounded by close(), the far
  /// side or the keepalives.
  net::Task<SessionFailure> run();

  /// After run(): returns when no Channel is left. Unbounded: flows end when their session did.
  net::Task<> wait_unused();

  /// Says goodbye and ends connect() or run() soon. Channels end as lost.
  void close();

  /// A channel to a unix socket or to a TCP target at the far side. Returns when it is open, refused, `within` is
  /// over or the session ends. A channel whose opening is given up is closed as soon as it opens.
  net::Task<std::expected<std::unique_ptr<Channel>, OpenFailure>> open_unix(std::string path,
                                                                           std::chrono::milliseconds within);
  net::Task<std::expected<std::unique_ptr<Channel>, OpenFailure>> open_tcp(std::string host, net::Port port,
                                                                          std::chrono::milliseconds within);

  bool up() const { return up_; }

  /// Somebody waits for the far side's word, as long as this lives: a session on which nothing comes meanwhile is asked for a sign of
  /// life, and answers() tells.
  class Question {
   public:
    explicit Question(Session& session);
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;
    ~Question() { --session_.questions_; }

   private:
    Session& session_;
  };
  /// False when its sshd was asked and has been silent for 1.5 s or more (kQuiet, kAnswerTime), until something comes. What is open stays;
  /// openings end as lost.
  bool answers() const { return answers_; }

  std::size_t channels() const { return live_.size() + abandoned_.size(); }  ///< opening, open and closing
  /// The path's shortest round trip of late, as of the last measure_round_trip(); zero: not known.
  std::chrono::microseconds round_trip() const { return round_trip_; }
  void measure_round_trip();
  std::uint64_t bytes() const;  ///< that crossed its socket, both ways
  std::string cipher() const;

 private:
  friend class Channel;
  friend struct ChannelState;
  struct Handle;
  struct Target;

  net::Task<std::expected<void, SessionFailure>> shake_hands(int fd);
  std::expected<void, SessionFailure> apply_options(const std::vector<PinnedKey>& pins, int fd);
  std::expected<void, SessionFailure> check_host_key(const std::vector<PinnedKey>& pins);
  net::Task<std::expected<void, SessionFailure>> authenticate();
  net::Task<> wait_for_peer();

  net::Task<std::expected<std::unique_ptr<Channel>, OpenFailure>> open(Target target, std::chrono::milliseconds within);
  net::Task<> read_loop();
  net::Task<> pending_loop();
  net::Task<> write_loop();
  net::Task<> keepalive_loop();
  net::Task<> probe_loop();
  void send_keepalive();
  void fall_silent();
  void turn();
  void settle();
  bool tidy();
  void settle_openings();
  void end(SessionTrouble trouble, std::string text);
  void abandon(std::unique_ptr<ChannelState> state);
  void retire_abandoned();
  void install_callbacks(ChannelState& state);
  bool has_room() const;
  void count_written(std::size_t bytes);  // by a write that had room
  std::string last_error() const;

  net::Executor executor_;
  SessionOptions options_;
  std::unique_ptr<Handle> handle_;
  net::Signal wants_write_;
  net::Signal has_pending_;
  net::Signal ended_;
  net::Signal unused_;
  net::Timer keepalive_timer_;
  net::Signal asked_;
  net::Timer probe_timer_;
  std::size_t questions_ = 0;
  bool answers_ = true;
  std::uint64_t silent_since_ = 0;  // bytes that had come in then
  bool up_ = false;
  bool write_blocked_ = false;  // libssh took nothing although there was room: keys are being renegotiated
  bool unacknowledged_ = false;  // something was read since the last tidy()
  bool deadline_passed_ = false;  // of connect(), or it was given up
  std::optional<SessionFailure> failure_;
  std::vector<ChannelState*> live_;  // those that a Channel or an opening holds
  std::vector<ChannelState*> dirty_;
  std::vector<ChannelState*> opening_;
  std::vector<ChannelState*> write_waiters_;
  std::vector<std::unique_ptr<ChannelState>> abandoned_;
  std::uint32_t opened_ = 0;
  std::string seen_denial_;
  std::chrono::microseconds round_trip_{0};
};

}  // namespace dvpn::ssh
