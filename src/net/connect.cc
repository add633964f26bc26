// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/connect.h"

#include <boost/asio/ip/basic_resolver.hpp>
#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"
#include "net/deadline.h"
#include "net/task_group.h"

namespace dvpn::net {

namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMostAddresses = 8;  // of one name
/// RFC 8305, section 5: the Connection Attempt Delay.
constexpr auto kAttemptDelay = milliseconds(250);

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

/// The families in turn, beginning with that of the first address, each in its own order (RFC 8305, section 4).
void Connector::alternate_families(Endpoints& endpoints) {
  if (endpoints.empty()) return;
  const auto family = endpoints.front().protocol();
  Endpoints first, second;
  for (const auto& endpoint : endpoints) (endpoint.protocol() == family ? first : second).push_back(endpoint);
  endpoints.clear();
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) endpoints.push_back(first[i]);
    if (i < second.size()) endpoints.push_back(second[i]);
  }
}

/// Attempts at several addresses at once: the first that is connected wins.
struct Connector::Race {
  Race(const Executor& executor, Port the_port) : changed(executor), port(the_port), attempts(executor) {}

  Signal changed;
  Port port;
  std::vector<TcpSocket*> sockets;  // that are connecting
  std::optional<TcpSocket> winner;
  bool over = false;
  std::size_t running = 0;
  std::string failures;
  TaskGroup attempts;

  void end() {
    over = true;
    for (TcpSocket* const socket : sockets) {
      error_code ignored;
      socket->cancel(ignored);
    }
    changed.notify();
  }

  Task<> attempt(asio::ip::tcp::endpoint endpoint) {
    TcpSocket socket(co_await asio::this_coro::executor);
    sockets.push_back(&socket);
    const auto [error] = co_await socket.async_connect(endpoint, use_result);
    std::erase(sockets, &socket);
    if (!error && !winner && !over) {
      winner = std::move(socket);
    } else if (!winner) {
      const std::string why = over ? std::string("no answer in time") : error.message();
      failures += text(failures.empty() ? "" : "; ", endpoint.address().to_string(), " port ", port, ": ", why);
    }
    --running;
    changed.notify();
  }
};

Task<Result<TcpSocket>> Connector::connect(std::string host, Port port, milliseconds within) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto end = Clock::now() + within;
  auto resolving = resolve(host, port, within);
  auto endpoints = co_await std::move(resolving);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  if (cancelled_) co_return fail(ErrorKind::kRetry, "given up");
  if (endpoints->empty()) co_return fail(ErrorKind::kRetry, text("'", host, "' has no address"));
  alternate_families(*endpoints);

  Race race(executor, port);
  interrupt_ = [&race] { race.end(); };
  const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
  const Deadline deadline(executor, std::max(left, milliseconds(1)), interrupt_);
  for (const auto& endpoint : *endpoints) {
    if (race.over || race.winner) break;
    ++race.running;
    race.attempts.spawn(race.attempt(endpoint));
    const Deadline next(executor, kAttemptDelay, [&race] { race.changed.notify(); });
    // The next one's turn comes after a while, or when all that were begun have failed.
    while (!race.over && !race.winner && race.running > 0 && !next.expired()) co_await race.changed.wait();
  }
  while (!race.over && !race.winner && race.running > 0) co_await race.changed.wait();
  if (!race.over) race.end();
  co_await race.attempts.join();
  interrupt_ = nullptr;
  if (cancelled_) co_return fail(ErrorKind::kRetry, "given up");
  if (race.winner) co_return std::move(*race.winner);
  co_return fail(ErrorKind::kRetry, race.failures);
}

}  // namespace dvpn::net
