// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/listener.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/log.h"
#include "base/text.h"
#include "intercept/original_destination.h"

namespace dvpn::intercept {

namespace {

constexpr int kBacklog = 4096;
/// Accepted in one go before the event loop gets its turn.
constexpr int kMostAtOnce = 64;
/// When descriptors or memory have run out, the kernel's queue holds the rest while we look again this often.
constexpr auto kExhaustedPause = std::chrono::milliseconds(100);

/// What accepted connections inherit from the socket that listens, as all that a socket has (Linux; tcp(7), socket(7)): it is not
/// set for each of them.
///
/// Whatever ends one, be it the death of this process, is a reset for the client, until a flow that is done turns that off. An end would make what
/// was cut off look whole. A client that vanished without a word is noticed after twelve minutes of silence. It is asked often because the
/// kernel forgets how the addresses of a half-closed connection are translated when it has seen nothing of it for a minute
/// (nf_conntrack_tcp_timeout_close_wait): what the far side sends after that, even a reset, would never arrive. Urgent data stays in
/// the stream, where it was sent.
void set_for_the_accepted(int fd) {
  const linger reset = {.l_onoff = 1, .l_linger = 0};
  const int yes = 1;
  const int idle_seconds = 30;
  const int times = 23;
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &yes, sizeof yes);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle_seconds, sizeof idle_seconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
}

bool exhausted(int number) { return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM; }

}  // namespace

Result<Listener> Listener::redirects(const net::Executor& executor, net::Port port) {
  Listener listener;
  if (const Status ipv4 = listener.add(executor, {net::Address(), port}); !ipv4) return std::unexpected(ipv4.error());
  const Status ipv6 = listener.add(executor, {*net::Address::parse("::"), port});
  if (!ipv6) log_warning(text(ipv6.error().text, ": IPv6 is not carried"));
  return listener;
}

Result<Listener> Listener::forward(const net::Executor& executor, const net::Endpoint& listen, const net::Endpoint& to) {
  Listener listener;
  if (const Status added = listener.add(executor, listen); !added) return std::unexpected(added.error());
  listener.to_ = to;
  return listener;
}

Status Listener::add(const net::Executor& executor, const net::Endpoint& listen) {
  sockaddr_storage storage;
  const socklen_t length = listen.to_sockaddr(storage);
  UniqueFd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string what = text("listening on ", listen.to_string());
  if (!fd) return fail_errno(what, errno);
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (!listen.address.is_ipv4()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  set_for_the_accepted(fd.get());
  const void* const address = &storage;
  if (::bind(fd.get(), static_cast<const sockaddr*>(address), length) != 0) return fail_errno(what, errno);
  if (::listen(fd.get(), kBacklog) != 0) return fail_errno(what, errno);
  net::TcpAcceptor acceptor(executor);
  acceptor.assign(listen.address.is_ipv4() ? net::asio::ip::tcp::v4() : net::asio::ip::tcp::v6(), fd.release());
  acceptors_.push_back(std::move(acceptor));
  return {};
}

net::Task<> Listener::accept_loop(std::size_t index, Handler handler) {
  net::TcpAcceptor& acceptor = acceptors_[index];
  net::Timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    // Unbounded: ended by a connection or by stop().
    const auto [error] = co_await acceptor.async_wait(net::TcpAcceptor::wait_read, net::use_result);
    if (error || !acceptor.is_open()) break;
    for (int i = 0; i < kMostAtOnce; ++i) {
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      void* const address = &from;
      UniqueFd socket(::accept4(acceptor.native_handle(), static_cast<sockaddr*>(address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket && exhausted(errno)) {
        log_error(text("cannot accept a connection: ", errno_text(errno)));
        pause.expires_after(kExhaustedPause);
        co_await pause.async_wait(net::use_result);
        break;
      }
      if (!socket && errno == EAGAIN) break;
      if (!socket) continue;  // the client was gone before it was accepted (accept(2), "Error handling")
      const auto client = net::Endpoint::from_sockaddr(from);
      const auto local = local_endpoint(socket.get());
      if (!client || !local) continue;
      auto destination = to_ ? to_ : original_destination(socket.get(), *local);
      handler({to_ ? Caught::By::kForward : Caught::By::kRedirect, std::move(socket), *client, *local, destination});
    }
  }
}

void Listener::stop() {
  net::error_code ignored;
  for (net::TcpAcceptor& acceptor : acceptors_) acceptor.close(ignored);
}

}  // namespace dvpn::intercept
