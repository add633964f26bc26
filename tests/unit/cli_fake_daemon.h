// SPDX-License-Identifier: GPL-2.0-or-later
// A control socket that answers as dvpnd does, to any number of callers: for each call one answer after the other, the last one again
// and again.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace dvpn::cli {

class FakeDaemon {
 public:
  explicit FakeDaemon(std::map<std::string, std::vector<std::string>> answers) : answers_(std::move(answers)) {
    char form[] = "/tmp/dvpn-fake-XXXXXX";
    folder_ = ::mkdtemp(form);
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    end_ = UniqueFd(::eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDaemon() {
    end();
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/s"; }
  /// What has been asked. Ends the daemon.
  std::vector<nlohmann::json> requests() {
    end();
    return requests_;
  }

 private:
  void end() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(end_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    thread_.join();
  }

  void serve() {
    pollfd waiting[] = {{.fd = listener_.get(), .events = POLLIN, .revents = 0}, {.fd = end_.get(), .events = POLLIN, .revents = 0}};
    while (::poll(waiting, 2, -1) > 0 && waiting[1].revents == 0) {  // unbounded: ended by end()
      const UniqueFd caller(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      std::string line;
      char c = 0;
      while (::recv(caller.get(), &c, 1, 0) == 1 && c != '\n') line += c;
      const auto request = nlohmann::json::parse(line, nullptr, false);
      if (!request.is_object()) continue;
      requests_.push_back(request);
      std::vector<std::string>& answers = answers_[request.value("call", "")];
      const std::string answer = (answers.empty() ? R"({"v":1,"ok":false,"error":"no answer here"})" : answers.front()) + "\n";
      if (answers.size() > 1) answers.erase(answers.begin());
      EXPECT_EQ(::send(caller.get(), answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
    }
  }

  std::map<std::string, std::vector<std::string>> answers_;
  std::vector<nlohmann::json> requests_;
  std::string folder_;
  UniqueFd listener_, end_;
  std::thread thread_;
};

}  // namespace dvpn::cli
