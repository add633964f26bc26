// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/http_server.h"

#include <unistd.h>

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "base/text.h"
#include "control/http_rules.h"
#include "control/unix_listener.h"

namespace dvpn::control {

namespace http = boost::beast::http;

namespace {

using Parser = http::request_parser<http::empty_body>;
using Response = http::response<http::string_body>;

boost::beast::string_view view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct HttpServer::Conversation {
  explicit Conversation(Reception::Caller& with) : caller(with), buffer(kLongestHead) {}

  Reception::Caller& caller;
  boost::beast::flat_buffer buffer;  // holds one head at most
  std::optional<Parser> parser;
  Response response;
};

Status HttpServer::listen(const std::string& what, const std::string& group) {
  if (!config_.listen.endpoint) {
    net::UnixAcceptor acceptor(executor_);
    const Status listening = listen_unix(acceptor, what, config_.listen.path, group);
    if (listening) reception_.open(std::move(acceptor));
    return listening;
  }
  const net::Endpoint& endpoint = *config_.listen.endpoint;
  net::TcpAcceptor acceptor(executor_);
  sockaddr_storage storage{};
  const socklen_t length = endpoint.to_sockaddr(storage);
  net::asio::ip::tcp::endpoint bound;
  bound.resize(length);
  std::copy_n(reinterpret_cast<const char*>(&storage), length, reinterpret_cast<char*>(bound.data()));
  net::error_code error;
  acceptor.open(bound.protocol(), error);
  if (!error) acceptor.set_option(net::TcpAcceptor::reuse_address(true), error);
  if (!error) acceptor.bind(bound, error);
  if (!error) acceptor.listen(static_cast<int>(Reception::kMostCallers), error);
  if (error) return fail(ErrorKind::kConfiguration, text(what, endpoint.to_string(), ": ", error.message()));
  reception_.open(std::move(acceptor));
  return {};
}

void HttpServer::start(Handler handler) {
  handler_ = std::move(handler);
  reception_.start([this](Reception::Caller& caller) { return talk(caller); });
}

void HttpServer::stop() {
  if (reception_.stopped()) return;
  reception_.stop();
  if (!config_.listen.endpoint) ::unlink(config_.listen.path.c_str());
}

net::Task<> HttpServer::talk(Reception::Caller& caller) {
  Conversation conversation(caller);
  bool goes_on = true;
  while (goes_on && !reception_.stopped()) {
    const bool come = co_await read(conversation);
    if (conversation.response.result() == http::status::unknown) break;  // nothing came that could be answered
    if (come) co_await answer(conversation);
    const bool written = co_await write(conversation);
    goes_on = come && written;
  }
}

/// The next request. False: this is the last answer, or there is none to give.
net::Task<bool> HttpServer::read(Conversation& conversation) {
  Reception::Caller& caller = conversation.caller;
  caller.state = Reception::Caller::State::kSilent;
  conversation.response = {};
  conversation.response.result(http::status::unknown);
  conversation.parser.emplace();
  conversation.parser->header_limit(kLongestHead);
  conversation.parser->body_limit(std::uint64_t{0});
  const net::Deadline deadline = reception_.patience(caller);
  const auto [error, bytes] = co_await http::async_read(caller.socket, conversation.buffer, *conversation.parser, net::use_result);
  if (!reception_.heard(caller)) co_return false;
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
  } else if (config_.listen.endpoint && !host_allowed(std::string_view(host.data(), host.size()), config_.hosts)) {
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
  Response& response = conversation.response;
  for (const auto& [name, value] : reply_fields()) response.set(view(name), view(value));
  if (response.find(http::field::content_length) == response.end()) response.content_length(response.body().size());
  conversation.caller.state = Reception::Caller::State::kTakes;
  const net::Deadline deadline = reception_.patience(conversation.caller);
  const auto [error, bytes] = co_await http::async_write(conversation.caller.socket, response, net::use_result);
  co_return !error && response.keep_alive();
}

}  // namespace dvpn::control
