// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/session.h"

#include <libssh/server.h>

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "net/deadline.h"
#include "net/task_group.h"
#include "ssh/session_handle.h"
#include "ssh/tcp_path.h"

namespace dvpn::ssh {

namespace {

/// Output that may wait inside libssh before writers have to wait themselves.
constexpr std::size_t kMostBacklog = 256u << 10;
/// A turn that took so much belongs to a transfer.
constexpr std::uint64_t kBulk = 16u << 10;
/// libssh reads 4 KiB a round; after this many the event loop gets its turn.
constexpr int kMostRounds = 512;
/// Channels on one session at most: a stock sshd has 1,024 descriptors (RLIMIT_NOFILE) for all of them.
constexpr std::size_t kMostChannels = 900;

/// libssh numbers the channels of a session from here (FIRST_CHANNEL) in the order of their opening.
constexpr std::uint32_t kChannelNumberBase = 42;

std::unexpected<OpenFailure> refused(OpenTrouble trouble, std::string why) {
  return std::unexpected(OpenFailure{trouble, std::move(why)});
}

/// "Channel opening failure: channel 43 error (2) Connection refused": RFC 4254, 5.1, as libssh words it.
struct Denial {
  std::uint32_t channel = 0;
  unsigned code = 0;
  std::string reason;
};

std::optional<Denial> parse_denial(const std::string& error) {
  Denial denial;
  int reason_at = 0;
  const char* const form = "Channel opening failure: channel %u error (%u) %n";
  if (std::sscanf(error.c_str(), form, &denial.channel, &denial.code, &reason_at) != 2 || reason_at == 0)
    return std::nullopt;
  denial.reason = error.substr(static_cast<std::size_t>(reason_at));
  return denial;
}

/// sshd says why only in words: strerror(3) of its connect(2) for code 2.
OpenFailure classify(const Denial& denial) {
  constexpr unsigned kAdministrativelyProhibited = 1;
  const auto says = [&denial](const char* words) { return denial.reason.find(words) != std::string::npos; };
  OpenTrouble trouble = OpenTrouble::kFailed;
  if (denial.code == kAdministrativelyProhibited) trouble = OpenTrouble::kProhibited;
  if (says("Connection refused")) trouble = OpenTrouble::kRefused;
  if (says("No route to host")) trouble = OpenTrouble::kUnreachable;
  if (says("Network is unreachable")) trouble = OpenTrouble::kNoNetwork;
  if (says("Connection timed out")) trouble = OpenTrouble::kTimedOut;
  return {trouble, text("sshd says: ", denial.reason)};
}

void mark(ChannelState* state, std::vector<ChannelState*>& dirty) {
  if (state->dirty) return;
  state->dirty = true;
  dirty.push_back(state);
}

}  // namespace

Session::Session(const net::Executor& executor, SessionOptions options)
    : executor_(executor),
      options_(std::move(options)),
      handle_(std::make_unique<Handle>(executor)),
      wants_write_(executor),
      has_pending_(executor),
      ended_(executor),
      unused_(executor),
      keepalive_timer_(executor),
      asked_(executor),
      probe_timer_(executor) {}

Session::~Session() = default;

std::string Session::last_error() const { return ssh_get_error(handle_->session); }

std::uint64_t Session::bytes() const { return handle_->socket_bytes.in_bytes + handle_->socket_bytes.out_bytes; }

std::string Session::cipher() const {
  const char* const name = ssh_get_cipher_out(handle_->session);
  return name != nullptr ? name : "";
}

net::Task<SessionFailure> Session::run() {
  net::TaskGroup loops(executor_);
  loops.spawn(read_loop());
  loops.spawn(pending_loop());
  loops.spawn(write_loop());
  loops.spawn(keepalive_loop());
  loops.spawn(probe_loop());
  while (!failure_) co_await ended_.wait();
  net::error_code ignored;
  handle_->descriptor.cancel(ignored);
  handle_->writable.cancel(ignored);
  keepalive_timer_.cancel();
  probe_timer_.cancel();
  asked_.notify();
  wants_write_.notify();
  has_pending_.notify();
  co_await loops.join();
  handle_->descriptor.close(ignored);
  handle_->writable.close(ignored);
  if (failure_->trouble == SessionTrouble::kClosed)
    handle_->disconnect();
  else
    handle_->abandon();
  co_return *failure_;
}

net::Task<> Session::wait_unused() {
  while (!live_.empty()) co_await unused_.wait();
}

void Session::close() {
  net::error_code ignored;
  if (!up_) {
    deadline_passed_ = true;
    handle_->descriptor.cancel(ignored);
    handle_->writable.cancel(ignored);
  }
  if (!failure_) end(SessionTrouble::kClosed, "closed by us");
}

void Session::end(SessionTrouble trouble, std::string why) {
  if (failure_) return;
  failure_ = SessionFailure{trouble, std::move(why)};
  // Unless it was us, libssh may have closed the socket: its number is anybody's from here on.
  if (trouble != SessionTrouble::kClosed) handle_->socket.detach();
  up_ = false;
  for (ChannelState* const state : live_) {
    state->phase = state->phase == ChannelPhase::kOpen ? ChannelPhase::kLost : state->phase;
    state->readable.notify();
    state->writable.notify();
  }
  ended_.notify();
}

net::Task<> Session::read_loop() {
  while (!failure_) {
    // Unbounded: ended by input, by the keepalives' verdict, or by run().
    co_await handle_->descriptor.async_wait(net::Descriptor::wait_read, net::use_result);
    if (failure_) break;
    handle_->socket.readable();
    turn();
  }
}

/// Goes on where a turn stopped, or where a call of a channel made libssh read: the kernel has nothing to report then.
net::Task<> Session::pending_loop() {
  while (!failure_) {
    co_await has_pending_.wait();
    if (!failure_) turn();
  }
}

net::Task<> Session::write_loop() {
  while (!failure_) {
    co_await wants_write_.wait();
    while (!failure_ && !tidy()) {
      // Unbounded: ended by the peer's taking something, by the socket's TCP_USER_TIMEOUT, or by run().
      co_await handle_->writable.async_wait(net::Descriptor::wait_write, net::use_result);
    }
  }
}

void Session::turn() {
  const std::uint64_t before = handle_->socket_bytes.in_bytes;
  for (int round = 0; round < kMostRounds; ++round) {
    const int rc = ssh_event_dopoll(handle_->event, 0);
    if (rc == SSH_AGAIN) break;
    // After a fatal error dopoll and ssh_is_connected() still look healthy: the status alone tells.
    if (rc == SSH_ERROR || (ssh_get_status(handle_->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0) break;
    if (!opening_.empty()) settle_openings();
  }
  write_blocked_ = false;  // something has happened: worth another try
  const std::uint64_t taken = handle_->socket_bytes.in_bytes - before;
  if (taken >= kBulk) acknowledge(handle_->descriptor.native_handle());  // a sender at work goes on while we do
  if (taken > 0 && taken < kBulk) unacknowledged_ = true;
  retire_abandoned();
  settle();
}

void Session::settle() {
  if (failure_) return;
  if ((ssh_get_status(handle_->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0) {
    end(SessionTrouble::kLost, text("the session broke: ", last_error()));
    return;
  }
  if (handle_->socket_bytes.in_bytes != silent_since_) answers_ = true;
  if (!opening_.empty()) settle_openings();
  for (ChannelState* const state : dirty_) {
    state->dirty = false;
    state->readable.notify();
    if (state->closed) state->writable.notify();
  }
  dirty_.clear();
  if (!write_waiters_.empty() && has_room()) {
    std::erase_if(write_waiters_, [](ChannelState* state) {
      if (ssh_channel_window_size(state->handle) == 0 && !state->closed) return false;
      state->waits_to_write = false;
      state->writable.notify();
      return true;
    });
  }
  if (handle_->socket.pending()) has_pending_.notify();
  // (SSH_WRITE_PENDING: libssh may hold something back, tidy())
  const bool holds_output = (ssh_get_poll_flags(handle_->session) & SSH_WRITE_PENDING) != 0;
  if (holds_output || handle_->socket.unsent() > 0 || unacknowledged_) wants_write_.notify();
}

/// Everybody who was woken has had his say: what he said goes out together, and acknowledges what was read. False: the
/// socket takes no more for now.
bool Session::tidy() {
  // libssh keeps back what follows a packet until it has heard that the socket takes more.
  if ((ssh_get_poll_flags(handle_->session) & SSH_WRITE_PENDING) != 0) {
    ssh_event_dopoll(handle_->event, 0);
    settle();
    if (failure_) return true;
  }
  const bool acknowledges = handle_->socket.unsent() > 0;
  const SocketBuffer::Flush flushed = handle_->socket.flush();
  if (flushed == SocketBuffer::Flush::kFailed) end(SessionTrouble::kLost, text("the session broke: ", errno_text(errno)));
  if (failure_) return true;
  if (unacknowledged_ && !acknowledges) acknowledge(handle_->descriptor.native_handle());
  unacknowledged_ = false;
  if (!write_waiters_.empty()) settle();
  return flushed == SocketBuffer::Flush::kDone;
}

void Session::settle_openings() {
  const bool denied = ssh_get_error_code(handle_->session) == SSH_REQUEST_DENIED && seen_denial_ != last_error();
  std::optional<Denial> denial;
  if (denied) {
    seen_denial_ = last_error();
    denial = parse_denial(seen_denial_);
  }
  std::erase_if(opening_, [&](ChannelState* state) {
    if (ssh_channel_is_open(state->handle) != 0) {
      state->phase = ChannelPhase::kOpen;
    } else if (denial && denial->channel == state->number) {
      state->phase = ChannelPhase::kDenied;
      state->denial = classify(*denial);
    } else if (denied && state->target->open(state->handle) == SSH_ERROR) {
      // Several were denied in one round: the text of all but the last one is gone.
      state->phase = ChannelPhase::kDenied;
      state->denial = {OpenTrouble::kFailed, "sshd refused the channel"};
    } else {
      return false;
    }
    state->readable.notify();
    return true;
  });
}

net::Task<std::expected<std::unique_ptr<Channel>, OpenFailure>> Session::open_unix(std::string path,
                                                                                  std::chrono::milliseconds within) {
  Target target{Target::Kind::kUnix, std::move(path)};
  auto opened = co_await open(std::move(target), within);
  co_return opened;
}

net::Task<std::expected<std::unique_ptr<Channel>, OpenFailure>> Session::open_tcp(std::string host, net::Port port,
                                                                                 std::chrono::milliseconds within) {
  Target target{Target::Kind::kTcp, std::move(host), port};
  auto opened = co_await open(std::move(target), within);
  co_return opened;
}

net::Task<std::expected<std::unique_ptr<Channel>, OpenFailure>> Session::open(Target target,
                                                                             std::chrono::milliseconds within) {
  if (failure_) co_return refused(OpenTrouble::kSessionLost, failure_->text);
  if (live_.size() + abandoned_.size() >= kMostChannels)
    co_return refused(OpenTrouble::kFailed, "the session holds as many channels as a stock sshd allows");
  const ssh_channel channel = ssh_channel_new(handle_->session);
  if (channel == nullptr) co_return refused(OpenTrouble::kFailed, last_error());

  auto state = std::make_unique<ChannelState>(executor_, channel);
  state->session = this;
  state->target = std::make_unique<Target>(std::move(target));
  state->number = kChannelNumberBase + ++opened_;
  install_callbacks(*state);
  live_.push_back(state.get());
  const int rc = state->target->open(channel);
  if (rc == SSH_ERROR && ssh_get_error_code(handle_->session) != SSH_REQUEST_DENIED) {
    std::string why = last_error();
    state->phase = ChannelPhase::kDenied;
    abandon(std::move(state));
    settle();
    co_return refused(OpenTrouble::kFailed, std::move(why));
  }
  opening_.push_back(state.get());
  settle();

  bool expired = false;
  const Question question(*this);
  ChannelState* const waiting = state.get();
  const net::Deadline deadline(executor_, within, [&expired, waiting] {
    expired = true;
    waiting->readable.notify();
  });
  while (state->phase == ChannelPhase::kOpening && !expired && !failure_ && answers_) co_await state->readable.wait();
  if (state->phase == ChannelPhase::kOpen && !failure_) {
    if (state->data) state->readable.notify();  // what arrived with the confirmation
    co_return std::make_unique<Channel>(*this, std::move(state));
  }
  OpenFailure why = {OpenTrouble::kTimedOut, "its sshd did not answer the opening of a channel in time"};
  if (!answers_) why = {OpenTrouble::kSessionLost, "its sshd does not answer"};
  if (failure_) why = {OpenTrouble::kSessionLost, failure_->text};
  if (state->phase == ChannelPhase::kDenied) why = state->denial;
  abandon(std::move(state));
  co_return std::unexpected(std::move(why));
}

void Session::measure_round_trip() {
  if (up_) round_trip_ = shortest_round_trip(handle_->descriptor.native_handle());
}

void Session::install_callbacks(ChannelState& state) {
  state.callbacks.userdata = &state;
  state.callbacks.channel_data_function = [](ssh_session, ssh_channel, void*, uint32_t, int, void* self) {
    auto* const channel = static_cast<ChannelState*>(self);
    channel->data = true;
    mark(channel, channel->session->dirty_);
    return 0;  // taken later, all at once
  };
  state.callbacks.channel_eof_function = [](ssh_session, ssh_channel, void* self) {
    auto* const channel = static_cast<ChannelState*>(self);
    channel->eof = true;
    mark(channel, channel->session->dirty_);
  };
  state.callbacks.channel_close_function = [](ssh_session, ssh_channel, void* self) {
    auto* const channel = static_cast<ChannelState*>(self);
    channel->eof = true;
    channel->closed = true;
    mark(channel, channel->session->dirty_);
  };
  ssh_callbacks_init(&state.callbacks);
  ssh_add_channel_callbacks(state.handle, &state.callbacks);
}

void Session::abandon(std::unique_ptr<ChannelState> state) {
  ChannelState* const gone = state.get();
  const auto is_gone = [gone](const ChannelState* other) { return other == gone; };
  std::erase_if(live_, is_gone);
  std::erase_if(dirty_, is_gone);
  std::erase_if(write_waiters_, is_gone);
  abandoned_.push_back(std::move(state));
  unused_.notify();
  if (failure_) return;  // ssh_disconnect() has freed it, or will
  ssh_remove_channel_callbacks(gone->handle, &gone->callbacks);
  retire_abandoned();
  settle();
}

/// A channel that is opening cannot be closed yet: its number would be taken by nobody, and the far side's would leak.
/// ssh_channel_close() says AGAIN and sends nothing while output waits: it is repeated until it went out.
void Session::retire_abandoned() {
  std::erase_if(abandoned_, [this](const std::unique_ptr<ChannelState>& state) {
    if (state->phase == ChannelPhase::kOpening && ssh_channel_is_open(state->handle) != 0) state->phase = ChannelPhase::kOpen;
    if (state->phase == ChannelPhase::kOpening) return false;
    if (state->phase == ChannelPhase::kOpen && ssh_channel_close(state->handle) == SSH_AGAIN) return false;
    std::erase(opening_, state.get());
    ssh_channel_free(state->handle);
    return true;
  });
}

bool Session::has_room() const { return !write_blocked_ && handle_->socket.unsent() < kMostBacklog; }

void Session::count_written(std::size_t bytes) {
  // Without this a writer that keeps its rest would try again at once, for ever if the peer never finishes.
  write_blocked_ = bytes == 0;
}

}  // namespace dvpn::ssh
