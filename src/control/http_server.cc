// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/http_server.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/text.h"
#include "control/http_rules.h"
#include "control/unix_listener.h"
#include "net/deadline.h"

namespace dvpn::control {

namespace http = boost::beast::http;

namespace {

using Socket = net::asio::basic_stream_socket<net::asio::generic::stream_protocol, net::Executor>;
using Parser = http::request_parser<http::empty_body>;
using Response = http::response<http::string_body>;

constexpr auto kAcceptPause = std::chrono::milliseconds(200);

boost::beast::string_view view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct HttpServer::Conversation {
  explicit Conversation(Socket accepted) : socket(std::move(accepted)), buffer(kLongestHead) {}

  Socket socket;
  boost::beast::flat_buffer buffer;  // holds one head at most
  std::optional<Parser> parser;
  Response response;
  bool waits = true;  // for the caller's next request
};

HttpServer::HttpServer(const net::Executor& executor, const config::Http& config)
    : executor_(executor), config_(config), tasks_(executor), pause_(executor) {}

HttpServer::~HttpServer() = default;

Status HttpServer::listen(const std::string& name, const std::string& group) {
  if (!config_.listen.endpoint) {
    unix_.emplace(executor_);
    return listen_unix(*unix_, name + " socket ", config_.listen.path, group);
  }
  const net::Endpoint& endpoint = *config_.listen.endpoint;
  tcp_.emplace(executor_);
  sockaddr_storage storage{};
  const socklen_t length = endpoint.to_sockaddr(storage);
  net::asio::ip::tcp::endpoint bound;
  bound.resize(length);
  std::copy_n(reinterpret_cast<const char*>(&storage), length, reinterpret_cast<char*>(bound.data()));
  net::error_code error;
  tcp_->open(bound.protocol(), error);
  if (!error) tcp_->set_option(net::TcpAcceptor::reuse_address(true), error);
  if (!error) tcp_->bind(bound, error);
  if (!error) tcp_->listen(static_cast<int>(kMostCallers), error);
  if (error) return fail(ErrorKind::kConfiguration, text(name, ".listen: ", endpoint.to_string(), ": ", error.message()));
  return {};
}

void HttpServer::start(Handler handler) {
  handler_ = std::move(handler);
  if (tcp_) tasks_.spawn(accept_loop(*tcp_));
  if (unix_) tasks_.spawn(accept_loop(*unix_));
}

void HttpServer::stop() {
  if (stopped_) return;
  stopped_ = true;
  net::error_code ignored;
  pause_.cancel();
  if (tcp_) tcp_->close(ignored);
  if (unix_) unix_->close(ignored);
  if (unix_) ::unlink(config_.listen.path.c_str());
  for (Conversation* const one : conversations_) one->socket.close(ignored);
}

/// Callers that say nothing must not keep others out: of too many the one that was heard longest ago goes.
void HttpServer::make_room() {
  if (conversations_.size() < kMostCallers) return;
  const auto idle = std::ranges::find_if(conversations_, [](const Conversation* one) { return one->waits; });
  if (idle == conversations_.end()) return;
  net::error_code ignored;
  (*idle)->socket.close(ignored);
  conversations_.erase(idle);
}

template <class Acceptor>
net::Task<> HttpServer::accept_loop(Acceptor& acceptor) {
  while (!stopped_) {
    // Unbounded: ended by a caller or by stop().
    auto [error, socket] = co_await acceptor.async_accept(net::use_result);
    if (stopped_) break;
    if (error) {  // out of descriptors, say: that passes
      pause_.expires_after(kAcceptPause);
      co_await pause_.async_wait(net::use_result);
      continue;
    }
    make_room();
    if (conversations_.size() >= kMostCallers) continue;
    auto conversation = std::make_unique<Conversation>(Socket(std::move(socket)));
    conversations_.push_back(conversation.get());
    tasks_.spawn(talk(std::move(conversation)));
  }
}

net::Task<> HttpServer::talk(std::unique_ptr<Conversation> owned) {
  Conversation& conversation = *owned;
  bool goes_on = true;
  while (goes_on && !stopped_) {
    const bool come = co_await read(conversation);
    if (conversation.response.result() == http::status::unknown) break;  // nothing came that could be answered
    if (come) co_await answer(conversation);
    const bool written = co_await write(conversation);
    goes_on = come && written;
  }
  conversations_.remove(&conversation);
}

/// The next request. False: this is the last answer, or there is none to give.
net::Task<bool> HttpServer::read(Conversation& conversation) {
  Socket& socket = conversation.socket;
  conversation.waits = true;
  conversation.response = {};
  conversation.response.result(http::status::unknown);
  conversation.parser.emplace();
  conversation.parser->header_limit(kLongestHead);
  conversation.parser->body_limit(std::uint64_t{0});
  const net::Deadline deadline(executor_, kPatience, [&socket] {
    net::error_code ignored;
    socket.close(ignored);
  });
  const auto [error, bytes] = co_await http::async_read(socket, conversation.buffer, *conversation.parser, net::use_result);
  conversation.waits = false;
  if (stopped_ || std::ranges::find(conversations_, &conversation) == conversations_.end()) co_return false;
  conversations_.remove(&conversation);
  conversations_.push_back(&conversation);
  Response& response = conversation.response;
  if (!error) {
    response.result(http::status::ok);
    response.version(conversation.parser->get().version());
    response.keep_alive(conversation.parser->keep_alive());
    co_return true;
  }
  if (error == http::error::end_of_stream || deadline.expired() || error.category() != http::make_error_code(http::error::bad_method).category())
    co_return false;
  const bool too_long = error == http::error::header_limit || error == http::error::buffer_overflow || error == http::error::body_limit;
  response.result(too_long ? http::status::request_header_fields_too_large : http::status::bad_request);
  response.keep_alive(false);
  response.body() = text(too_long ? "the request is too long" : "this is no request", '\n');
  co_return false;
}

net::Task<> HttpServer::answer(Conversation& conversation) {
  const auto& request = conversation.parser->get();
  Response& response = conversation.response;
  const bool head = request.method() == http::verb::head;
  HttpReply reply;
  const auto host = request[http::field::host];
  if (request.method() != http::verb::get && !head) {
    reply = {.status = 405, .body = "GET only\n"};
    response.set(http::field::allow, "GET, HEAD");
  } else if (tcp_ && !host_allowed(std::string_view(host.data(), host.size()), config_.hosts)) {
    reply = {.status = 403, .body = "this is not served by that name\n"};
  } else {
    const auto target = request.target();
    const std::string_view whole(target.data(), target.size());
    HttpRequest wanted{.path = std::string(whole.substr(0, whole.find('?'))), .query = {}};
    if (wanted.path.size() < whole.size()) wanted.query = whole.substr(wanted.path.size() + 1);
    auto handling = handler_(std::move(wanted));
    HttpReply handled = co_await std::move(handling);
    reply = std::move(handled);
  }
  response.result(reply.status);
  response.set(http::field::content_type, reply.type);
  response.content_length(reply.body.size());
  if (!head) response.body() = std::move(reply.body);
}

/// False: the conversation is over.
net::Task<bool> HttpServer::write(Conversation& conversation) {
  Socket& socket = conversation.socket;
  Response& response = conversation.response;
  for (const auto& [name, value] : reply_fields()) response.set(view(name), view(value));
  if (response.find(http::field::content_length) == response.end()) response.content_length(response.body().size());
  const net::Deadline deadline(executor_, kPatience, [&socket] {
    net::error_code ignored;
    socket.close(ignored);
  });
  const auto [error, bytes] = co_await http::async_write(socket, response, net::use_result);
  co_return !error && response.keep_alive();
}

}  // namespace dvpn::control
