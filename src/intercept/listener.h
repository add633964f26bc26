// SPDX-License-Identifier: GPL-2.0-or-later
// Accepts the connections that the rules redirect to us, and those of static forwards.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "net/address.h"
#include "net/asio.h"

namespace dvpn::intercept {

/// A connection that was caught. The socket is non-blocking.
struct Caught {
  enum class By : std::uint8_t { kRedirect, kForward } by = By::kRedirect;
  UniqueFd socket;
  net::Endpoint client;                      ///< as the socket sees it
  net::Endpoint local;                       ///< where it was accepted
  std::optional<net::Endpoint> destination;  ///< where it was going; nothing if the kernel does not know
};

class Listener {
 public:
  /// What happens to each caught connection. Called from the event loop; must not block.
  using Handler = std::function<void(Caught)>;

  /// A redirect listener on `port` of both wildcards (redirected local traffic arrives on the loopback addresses). A
  /// kernel without IPv6 leaves it out.
  static Result<Listener> redirects(const net::Executor& executor, net::Port port);

  /// A static forward: everything that connects to `listen` goes to `to`.
  static Result<Listener> forward(const net::Executor& executor, const net::Endpoint& listen, const net::Endpoint& to);

  /// Leads connections from now on elsewhere. For a static forward.
  void lead_to(const net::Endpoint& to) { to_ = to; }

  /// Accepts until stop(). One coroutine for each socket: spawn accept_loop(i, …) for i below sockets().
  std::size_t sockets() const { return acceptors_.size(); }
  net::Task<> accept_loop(std::size_t index, Handler handler);
  void stop();

 private:
  Listener() = default;
  Status add(const net::Executor& executor, const net::Endpoint& listen);

  std::vector<net::TcpAcceptor> acceptors_;
  std::optional<net::Endpoint> to_;
};

}  // namespace dvpn::intercept
