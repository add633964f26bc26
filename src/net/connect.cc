// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/connect.h"

#include <boost/asio/ip/basic_resolver.hpp>
#include <algorithm>
#include <vector>

#include "base/text.h"
#include "net/deadline.h"

namespace dvpn::net {

namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMostAddresses = 8;  // of one name

}  // namespace

void Connector::cancel() {
  cancelled_ = true;
  if (interrupt_) interrupt_();
}

Task<Result<Connector::Endpoints>> Connector::resolve(std::string host, Port port, milliseconds within) {
  error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) co_return Endpoints{asio::ip::tcp::endpoint(address, port)};

  const Executor executor = co_await asio::this_coro::executor;
  Resolver resolver(executor);
  interrupt_ = [&resolver] { resolver.cancel(); };
  const Deadline deadline(executor, within, interrupt_);
  const std::string service = std::to_string(port);
  const auto [error, found] = co_await resolver.async_resolve(host, service, use_result);
  interrupt_ = nullptr;
  if (error) {
    const std::string why = deadline.expired() ? std::string("no answer in time") : error.message();
    co_return fail(ErrorKind::kRetry, text("cannot resolve '", host, "': ", why));
  }
  Endpoints endpoints;
  for (const auto& entry : found)
    if (endpoints.size() < kMostAddresses) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

Task<Result<TcpSocket>> Connector::connect(std::string host, Port port, milliseconds within) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto end = Clock::now() + within;
  auto resolving = resolve(host, port, within);
  const auto endpoints = co_await std::move(resolving);
  if (!endpoints) co_return std::unexpected(endpoints.error());

  std::string failures;
  for (std::size_t i = 0; i < endpoints->size() && !cancelled_; ++i) {
    const asio::ip::tcp::endpoint& endpoint = (*endpoints)[i];
    auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (i + 1 < endpoints->size()) left /= 2;
    TcpSocket socket(executor);
    interrupt_ = [&socket] {
      error_code ignored;
      socket.cancel(ignored);
    };
    const Deadline deadline(executor, std::max(left, milliseconds(1)), interrupt_);
    const auto [error] = co_await socket.async_connect(endpoint, use_result);
    interrupt_ = nullptr;
    if (!error && !cancelled_) co_return socket;
    const std::string why = deadline.expired() ? std::string("no answer in time") : error.message();
    failures += text(failures.empty() ? "" : "; ", endpoint.address().to_string(), " port ", port, ": ", why);
  }
  if (cancelled_) co_return fail(ErrorKind::kRetry, "given up");
  co_return fail(ErrorKind::kRetry, failures.empty() ? text("'", host, "' has no address") : failures);
}

}  // namespace dvpn::net
