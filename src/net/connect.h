// SPDX-License-Identifier: GPL-2.0-or-later
// A TCP connection to a name or an address, under a deadline.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/address.h"
#include "net/asio.h"

namespace dvpn::net {

/// One attempt, which its owner can give up. Belongs to one thread.
class Connector {
 public:
  /// Resolves `host` (in a thread of Asio's own: getaddrinfo(3) blocks) and tries its addresses, the families in turn, each 250 ms
  /// after the one before or when that has failed; the first that is connected is taken (RFC 8305). Errors: kRetry, with what each
  /// address said. Call once; this object outlives the call.
  Task<Result<TcpSocket>> connect(std::string host, Port port, std::chrono::milliseconds within);

  /// Lets connect() fail soon.
  void cancel();

 private:
  using Endpoints = std::vector<asio::ip::tcp::endpoint>;
  struct Race;
  static void alternate_families(Endpoints& endpoints);
  Task<Result<Endpoints>> resolve(std::string host, Port port, std::chrono::milliseconds within);

  std::function<void()> interrupt_;  // what ends the present wait
  bool cancelled_ = false;
};

}  // namespace dvpn::net
