// SPDX-License-Identifier: GPL-2.0-or-later
// From a TCP connection to an authenticated session: key exchange, host key, our keys.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <libssh/server.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "net/deadline.h"
#include "ssh/session_handle.h"

namespace dvpn::ssh {

namespace {

using Outcome = std::expected<void, SessionFailure>;

std::unexpected<SessionFailure> failed(SessionTrouble trouble, std::string why) {
  return std::unexpected(SessionFailure{trouble, std::move(why)});
}

/// ssh_connect() and the authentication put the descriptor back to blocking.
void set_non_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

/// A peer that takes nothing any more ends the connection after this long, keepalives or not (tcp(7)).
void set_socket_options(int fd, std::chrono::milliseconds patience) {
  const auto timeout = static_cast<unsigned int>(patience.count());
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

/// What of a key is shown first. One that is not valid would only count as a failure at sshd.
ssh_key_struct* certified(const PrivateKey& key) {
  if (!key.certified) return nullptr;
  const Validity now = validity(key.certified->certificate, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  return now == Validity::kValid || now == Validity::kEndsSoon ? key.certified->handle.get() : nullptr;
}

/// What a server says instead of its version: libssh skips it. (RFC 4253, 4.2, allows such lines.) It cannot be looked at
/// beforehand: libssh sends our version and takes what has come by then in one call, and the line may come in between.
struct FirstWords {
  static constexpr std::size_t kMost = 64;

  /// The connection is at its end: libssh may have met that when it sent, and left the words where they were.
  void take_the_rest(int fd) {
    std::array<char, kMost> left{};
    const ssize_t n = ::recv(fd, left.data(), kMost - words.size(), MSG_DONTWAIT);
    if (n > 0) words.append(left.data(), static_cast<std::size_t>(n));
    closed = n == 0 || (n < 0 && errno != EAGAIN);
  }

  /// Why it has closed the connection, if it is its sshd's limits. Empty: they are not.
  std::string turned_away() const {
    if (words.starts_with("Exceeded MaxStartups"))
      return "its sshd turned us away, \"Exceeded MaxStartups\": it has too many connections that have not logged in";
    if (words.starts_with("Not allowed at this time"))
      return "its sshd turned us away, \"Not allowed at this time\": it has penalties for this address (PerSourcePenalties)";
    if (words.empty() && closed)
      return "its sshd closed the connection before it said anything: it has too many that have not logged in (MaxStartups), or turns this address away "
             "(PerSourcePenalties, a firewall)";
    return {};
  }

  std::string words;
  bool closed = false;
};

/// A client has no business with channels that the server opens.
int refuse_message(ssh_session, ssh_message, void*) { return 1; }

}  // namespace

net::Task<Outcome> Session::connect(net::TcpSocket socket, std::chrono::milliseconds within) {
  net::error_code error;
  for (net::Descriptor* const waiting : {&handle_->descriptor, &handle_->writable}) {
    UniqueFd duplicate(::fcntl(socket.native_handle(), F_DUPFD_CLOEXEC, 0));
    if (!duplicate) co_return failed(SessionTrouble::kUnreachable, errno_text(errno));
    waiting->assign(duplicate.get(), error);
    if (error) co_return failed(SessionTrouble::kUnreachable, error.message());
    (void)duplicate.release();
  }
  const int fd = socket.release(error);
  if (error) co_return failed(SessionTrouble::kUnreachable, error.message());
  set_socket_options(fd, options_.keepalive * (options_.keepalive_misses + 1));

  const std::vector<PinnedKey> pins = options_.known_hosts->find(options_.host, options_.port);
  if (auto applied = apply_options(pins, fd); !applied) co_return applied;
  const net::Deadline deadline(executor_, within, [this] {
    deadline_passed_ = true;
    handle_->descriptor.cancel();
    handle_->writable.cancel();
  });
  Outcome outcome = co_await shake_hands(fd);
  if (outcome) outcome = check_host_key(pins);
  if (outcome) outcome = co_await authenticate();
  if (deadline_passed_) co_return failed(SessionTrouble::kTimeout, "its sshd did not finish the handshake in time");
  if (!outcome) co_return outcome;

  handle_->event = ssh_event_new();
  if (handle_->event == nullptr || ssh_event_add_session(handle_->event, handle_->session) != SSH_OK)
    co_return failed(SessionTrouble::kProtocol, "libssh has no event for the session");
  ssh_set_counters(handle_->session, &handle_->socket_bytes, nullptr);
  set_non_blocking(fd);
  handle_->socket.attach(fd);
  up_ = true;
  measure_round_trip();
  co_return Outcome{};
}

Outcome Session::apply_options(const std::vector<PinnedKey>& pins, int fd) {
  const std::string algorithms = host_key_algorithms(pins);
  if (algorithms.empty()) {
    ::close(fd);
    return failed(SessionTrouble::kHostKeyUnknown, "no host key is pinned for it in known_hosts");
  }
  const ssh_session session = handle_->session;
  const bool no = false;
  const int yes = 1;
  const int fd_option = fd;
  const unsigned int port = options_.port;
  const char* const pinned_elsewhere = "/dev/null";
  // The descriptor first: once libssh has it, libssh closes it.
  bool ok = ssh_options_set(session, SSH_OPTIONS_FD, &fd_option) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_HOST, options_.host.c_str()) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_PORT, &port) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_USER, options_.user.c_str()) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, pinned_elsewhere) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, pinned_elsewhere) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_HOSTKEYS, algorithms.c_str()) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_CIPHERS_C_S, options_.ciphers.c_str()) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_CIPHERS_S_C, options_.ciphers.c_str()) == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_COMPRESSION, "no") == 0;
  ok = ok && ssh_options_set(session, SSH_OPTIONS_NODELAY, &yes) == 0;
  if (!ok) return failed(SessionTrouble::kProtocol, last_error());
  ssh_set_message_callback(session, refuse_message, nullptr);
  ssh_set_blocking(session, 0);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return {};
}

net::Task<> Session::wait_for_peer() {
  const bool output = (ssh_get_poll_flags(handle_->session) & SSH_WRITE_PENDING) != 0;
  const auto event = output ? net::Descriptor::wait_write : net::Descriptor::wait_read;
  net::Descriptor& descriptor = output ? handle_->writable : handle_->descriptor;
  // Bounded by the deadline of connect(), which cancels it.
  co_await descriptor.async_wait(event, net::use_result);
}

net::Task<Outcome> Session::shake_hands(int fd) {
  FirstWords first;
  for (;;) {
    int rc = SSH_ERROR;
    {
      const Overhearing overhearing(fd, first.words, FirstWords::kMost);
      rc = ssh_connect(handle_->session);
    }
    if (rc == SSH_OK) break;
    if (rc == SSH_ERROR) {
      if (ssh_get_serverbanner(handle_->session) == nullptr) {
        first.take_the_rest(handle_->descriptor.native_handle());
        if (const std::string turned_away = first.turned_away(); !turned_away.empty()) co_return failed(SessionTrouble::kTurnedAway, turned_away);
      }
      const std::string why = last_error();
      const bool no_pinned_type = why.find("server host key algo") != std::string::npos;
      if (no_pinned_type)
        co_return failed(SessionTrouble::kHostKeyChanged, "it offers no host key of a type that is pinned in known_hosts");
      co_return failed(SessionTrouble::kProtocol, why);
    }
    set_non_blocking(ssh_get_fd(handle_->session));
    co_await wait_for_peer();
    if (deadline_passed_) break;
  }
  set_non_blocking(ssh_get_fd(handle_->session));
  co_return Outcome{};
}

Outcome Session::check_host_key(const std::vector<PinnedKey>& pins) {
  if (deadline_passed_) return {};
  ssh_key shown = nullptr;
  if (ssh_get_server_publickey(handle_->session, &shown) != SSH_OK)
    return failed(SessionTrouble::kProtocol, "it showed no host key");
  const KeyHandle owner(shown);
  bool pinned = false;
  for (const PinnedKey& pin : pins) {
    ssh_key key = nullptr;
    if (ssh_pki_import_pubkey_base64(pin.base64.c_str(), ssh_key_type_from_name(pin.type.c_str()), &key) != SSH_OK)
      continue;
    const KeyHandle pinned_key(key);
    if (ssh_key_cmp(key, shown, SSH_KEY_CMP_PUBLIC) != 0) continue;
    if (pin.revoked)
      return failed(SessionTrouble::kHostKeyChanged, text("its host key ", fingerprint(shown), " is revoked in known_hosts"));
    pinned = true;
  }
  if (pinned) return {};
  return failed(SessionTrouble::kHostKeyChanged,
                text("its host key ", fingerprint(shown), " is not the one that is pinned in known_hosts"));
}

net::Task<Outcome> Session::authenticate() {
  std::string offered;
  for (const PrivateKey& key : *options_.keys) {
    const std::array<ssh_key_struct*, 2> forms = {certified(key), key.handle.get()};
    for (ssh_key_struct* const shown : forms) {
      if (shown == nullptr) continue;
      int rc = SSH_AUTH_AGAIN;
      while (!deadline_passed_) {
        rc = ssh_userauth_publickey(handle_->session, nullptr, shown);
        set_non_blocking(ssh_get_fd(handle_->session));
        // (after a peer's disconnect libssh goes on to say "again", and the end of the connection can be read for ever)
        if (rc == SSH_AUTH_AGAIN && (ssh_get_status(handle_->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0) rc = SSH_AUTH_ERROR;
        if (rc != SSH_AUTH_AGAIN) break;
        co_await wait_for_peer();
      }
      if (deadline_passed_ || rc == SSH_AUTH_SUCCESS) co_return Outcome{};
      const std::string why = rc == SSH_AUTH_ERROR ? last_error() : std::string();
      if (why.find("Too many authentication failures") != std::string::npos)
        co_return failed(SessionTrouble::kAuthentication,
                         text("it takes no more keys (MaxAuthTries) for account '", options_.user, "' after ", offered.empty() ? key.fingerprint : offered));
      if (rc == SSH_AUTH_ERROR) co_return failed(SessionTrouble::kProtocol, why);
    }
    offered += text(offered.empty() ? "" : ", ", key.fingerprint, certified(key) != nullptr ? " and its certificate" : "");
  }
  co_return failed(SessionTrouble::kAuthentication,
                   text("it accepts no key of ours for account '", options_.user, "' (offered ", offered, ")"));
}

}  // namespace dvpn::ssh
