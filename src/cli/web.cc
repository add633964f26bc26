// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/web.h"

#include "base/text.h"
#include "cli/ask.h"
#include "cli/control_client.h"
#include "cli/json.h"
#include "control/http_rules.h"
#include "control/http_server.h"
#include "control/page_files.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;

constexpr unsigned kBadGateway = 502;
constexpr std::size_t kMostWords = 16;  // of a query
constexpr auto kPagePatience = std::chrono::seconds(5);

/// What a path of the page asks the daemon; null: there is nothing with that path.
json call_behind(const control::HttpRequest& request) {
  if (request.path == "/status.json") return {{"call", "status"}};
  if (request.path != "/flows.json") return nullptr;
  json filter = json::object();
  for (const auto& [key, value] : control::query_words(request.query, kMostWords)) filter[key] = value;
  return {{"call", "flows"}, {"filter", filter}};
}

/// The daemon is asked while everybody waits: this program has nothing else to do.
control::HttpReply reply_to(const std::string& socket, const control::HttpRequest& request) {
  if (auto file = control::page_file(request.path)) return std::move(*file);
  json call = call_behind(request);
  if (call.is_null()) return control::not_found();
  const auto answer = ask_daemon(socket, std::move(call), kPagePatience);
  control::HttpReply reply{.type = control::kJsonType};
  if (!answer) reply.status = kBadGateway;
  const json said = answer ? *answer : json{{"v", 1}, {"ok", false}, {"error", answer.error().text}};
  if (answer && said["ok"] != true) reply.status = 400;
  reply.body = said.dump(-1, ' ', false, json::error_handler_t::replace);
  return reply;
}

net::Task<control::HttpReply> answer(std::string socket, control::HttpRequest request) { co_return reply_to(socket, request); }

}  // namespace

ExitCode serve_page(CommandLine& line, const std::string& listen, Reach reach) {
  const auto endpoint = net::Endpoint::parse(listen);
  if (!endpoint || endpoint->port == 0)
    return line.refuse(text("'", listen, "' is no address with a port, like 127.0.0.1:9470 or [::1]:9470"), kBadQuestion);
  if (!endpoint->address.is_loopback() && reach == Reach::kThisMachine)
    return line.refuse(text("other machines can reach ", listen, ", and the page has no password: listen on 127.0.0.1 or [::1], or say --remote"), kBadQuestion);
  const auto socket = line.socket();
  if (!socket) return line.refuse(socket.error());
  if (const auto there = question(line, {{"call", "status"}}); !there) return there.error();

  net::asio::io_context context(1);
  config::Http where;
  where.listen.endpoint = endpoint;
  control::HttpServer server(context.get_executor(), where);
  if (const Status listening = server.listen("--listen: ", ""); !listening) return line.refuse(listening.error().text, kUnavailable);
  server.start([path = *socket](control::HttpRequest request) { return answer(path, std::move(request)); });

  const std::string address = text("http://", endpoint->to_string(), '/');
  if (line.form() == Form::kJson)
    print({{"v", 1}, {"ok", true}, {"address", address}}, line.out());
  else
    line.out() << address << "  (until Ctrl-C)\n";
  line.out().flush();
  context.run();  // unbounded: ended by a signal
  return kOk;
}

}  // namespace dvpn::cli
