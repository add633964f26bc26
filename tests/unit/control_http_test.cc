// SPDX-License-Identifier: GPL-2.0-or-later
// HTTP: who may ask by which name, what is answered to what is no request, and the bounds. The server runs on loopback.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/unique_fd.h"
#include "control/http_rules.h"
#include "control/http_server.h"
#include "control/page_files.h"

namespace dvpn::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

TEST(HttpHost, IsAnAddressLocalhostOrAKnownName) {
  const std::vector<std::string> names = {"gw.example"};
  for (const char* host : {"127.0.0.1", "127.0.0.1:9470", "[::1]:9470", "[::1]", "localhost:1", "LocalHost", "gw.example", "GW.example:9470", "203.0.113.7"})
    EXPECT_TRUE(host_allowed(host, names)) << host;
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "gw.example.evil", "[::1", "127.0.0.1@evil", "::1"})
    EXPECT_FALSE(host_allowed(host, names)) << host;
}

TEST(HttpQuery, IsDecodedAndBounded) {
  EXPECT_THAT(query_words("a=1&b=%2fx+y&&c&d=%4", 9), ElementsAre(Pair("a", "1"), Pair("b", "/x y"), Pair("c", ""), Pair("d", "%4")));
  EXPECT_EQ(query_words("a&b&c&d", 2).size(), 2u);
  EXPECT_TRUE(query_words("", 2).empty());
}

TEST(WebPages, AreThePageAndNothingElse) {
  EXPECT_THAT(page_file("/")->body, StartsWith("<!DOCTYPE html>"));
  EXPECT_EQ(page_file("/page.js")->type, "text/javascript; charset=utf-8");
  EXPECT_THAT(page_file("/page.css")->body, HasSubstr("color-scheme"));
  for (const char* path : {"", "/x", "/page.html", "//", "/../etc/passwd"}) EXPECT_FALSE(page_file(path)) << path;
  for (const char* file : {"/", "/page.css", "/page.js"}) {
    EXPECT_THAT(page_file(file)->body, Not(HasSubstr("innerHTML")));
    EXPECT_THAT(page_file(file)->body, Not(HasSubstr("https:"))) << "nothing from elsewhere";
  }
}

class Http : public testing::Test {
 protected:
  Http() : folder_(std::filesystem::temp_directory_path() / ("dvpn-http-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    config::Http where;
    where.listen.path = folder_ / "s";
    start(where);
  }
  ~Http() override {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void start(const config::Http& where) {
    server_ = std::make_unique<HttpServer>(context_.get_executor(), where);
    const Status listening = server_->listen("web.listen: ", "");
    ASSERT_TRUE(listening) << listening.error().text;
    server_->start([](HttpRequest request) -> net::Task<HttpReply> {
      HttpReply reply{.body = request.path + "|" + request.query};
      if (request.path == "/large") reply.body = std::string(3'000'000, 'x');
      if (request.path == "/none") reply = not_found();
      co_return reply;
    });
    thread_ = std::thread([this] { context_.run(); });
  }

  void stop() {
    if (!thread_.joinable()) return;
    net::asio::post(context_, [this] { server_->stop(); });
    thread_.join();
    context_.restart();
  }

  UniqueFd connect() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder_ / "s").string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  static void send(const UniqueFd& fd, const std::string& text) { (void)::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL); }

  /// What comes until the end, or until `words` have come.
  static std::string receive(const UniqueFd& fd, const std::string& words = {}) {
    std::string all;
    char buffer[65536];
    pollfd waiting{.fd = fd.get(), .events = POLLIN, .revents = 0};
    while (::poll(&waiting, 1, 5000) == 1) {
      const ssize_t count = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (count <= 0) return all;
      all.append(buffer, static_cast<std::size_t>(count));
      if (!words.empty() && all.find(words) != std::string::npos) return all;
    }
    return all + "(no end)";
  }

  std::string ask(const std::string& request) const {
    const UniqueFd fd = connect();
    send(fd, request);
    return receive(fd);
  }

  static std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"; }

  std::filesystem::path folder_;
  net::asio::io_context context_{1};
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

TEST_F(Http, AnswersAGet) {
  const std::string answer = ask(get("/a/b?c=d&e"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n/a/b|c=d&e"));
  for (const char* field : {"Content-Security-Policy: default-src 'none'; script-src 'self'", "X-Content-Type-Options: nosniff\r\n", "Content-Length: 10\r\n",
                            "Cache-Control: no-store\r\n"})
    EXPECT_THAT(answer, HasSubstr(field));
  EXPECT_THAT(ask(get("/none")), StartsWith("HTTP/1.1 404 "));
}

TEST_F(Http, AnswersOneAfterTheOther) {
  const UniqueFd fd = connect();
  for (const char* path : {"/1", "/2"}) {
    send(fd, std::string("GET ") + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(receive(fd, std::string(path) + "|"), StartsWith("HTTP/1.1 200"));
  }
}

TEST_F(Http, AHeadHasNoBody) {
  const std::string answer = ask("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}

TEST_F(Http, LargeAnswersArriveWhole) { EXPECT_GT(ask(get("/large")).size(), 3'000'000u); }

TEST_F(Http, ChangesNothing) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    const std::string answer = ask(std::string(method) + " / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 ")) << method;
    EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
  }
}

TEST_F(Http, RefusesWhatIsNoRequest) {
  EXPECT_THAT(ask("hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"), testing::AnyOf(StartsWith("HTTP/1.1 400 "), StartsWith("HTTP/1.1 431 ")));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(HttpServer::kLongestHead, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask(get("/still/there")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Http, TooManySilentCallersMakeRoom) {
  std::vector<UniqueFd> silent;
  for (std::size_t i = 0; i < Reception::kMostCallers + 8; ++i) silent.push_back(connect());
  EXPECT_THAT(ask(get("/a")), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(receive(silent.front()), "") << "who was heard longest ago has been hung up on";
  send(silent.back(), get("/b"));
  EXPECT_THAT(receive(silent.back()), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Http, OnLoopbackTheNameHasToBeOurs) {
  stop();
  const UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t length = sizeof address;
  const int yes = 1;
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  ASSERT_EQ(::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  config::Http where;
  where.listen.endpoint = net::Endpoint::parse("127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  where.hosts = {"gw.example"};
  start(where);
  const auto ask_as = [&](const std::string& host) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    send(fd, "GET /a HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
    return receive(fd);
  };
  EXPECT_THAT(ask_as("Host: localhost:1\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask_as("Host: gw.example\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask_as("Host: evil.example\r\n"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask_as(""), StartsWith("HTTP/1.1 403 "));
}

}  // namespace
}  // namespace dvpn::control
