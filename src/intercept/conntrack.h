// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel's connection tracking knows of redirected connections (libnetfilter_conntrack, fenced here).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/address.h"

struct nfct_handle;

namespace dvpn::intercept {

/// One entry that was redirected to us.
struct Redirected {
  net::Endpoint client;       ///< as it sent: NAT may have changed the port that we see
  net::Endpoint destination;  ///< before the redirection
  std::string state;          ///< of TCP, "ESTABLISHED" and so on
};

class Conntrack {
 public:
  /// Needs CAP_NET_ADMIN for its queries.
  static Result<Conntrack> open();

  /// The client's own endpoint of a connection that we accepted as `peer` on `local`. REDIRECT folds many destinations
  /// into one, so NAT may have rewritten the client's port. Nothing if the kernel does not know the connection. One
  /// netlink exchange, about 7 µs; it does not wait for anything but the kernel's answer.
  std::optional<net::Endpoint> original_client(const net::Endpoint& local, const net::Endpoint& peer);

  /// Every TCP entry whose replies come from our listener's port; at most `most`. Takes as long as the kernel's table is
  /// large: for the operator's listing, not for the data path.
  Result<std::vector<Redirected>> redirected(net::Port listener, std::size_t most);

 private:
  struct Close {
    void operator()(nfct_handle* handle) const;
  };
  explicit Conntrack(nfct_handle* handle) : handle_(handle) {}
  std::unique_ptr<nfct_handle, Close> handle_;
};

}  // namespace dvpn::intercept
