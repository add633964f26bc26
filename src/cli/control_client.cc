// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace dvpn::cli {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kVersion = 1;
constexpr std::size_t kLongestAnswer = 64u << 20;  // bytes; 20,000 flows are 4 MB
constexpr const char* kIsItRunning = "is dvpnd running? systemctl status dvpnd";

class Call {
 public:
  Call(const std::string& socket, milliseconds patience) : path_(socket), patience_(patience), end_(Clock::now() + patience) {}

  Status connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.empty() || path_.size() >= sizeof address.sun_path) return refuse("is no path of a socket");
    std::memcpy(address.sun_path, path_.data(), path_.size());
    sockaddr_storage storage{};
    std::memcpy(&storage, &address, sizeof address);
    fd_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd_) return refuse(errno_text(errno));
    const timeval limit{patience_.count() / 1000, static_cast<suseconds_t>(patience_.count() % 1000 * 1000)};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // bounds connect(2) as well, socket(7)
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), sizeof address) == 0) return {};
    switch (errno) {
      case ENOENT:
        return refuse(text("there is no such socket; ", kIsItRunning));
      case ECONNREFUSED:
        return refuse(text("nobody listens; ", kIsItRunning));
      case EACCES:
      case EPERM:
        return refuse("permission denied; be root or in the group of the socket (control.group, dvpn-admin)");
      case EAGAIN:
        return late();
      default:
        return refuse(errno_text(errno));
    }
  }

  Status send(std::string_view line) {
    while (!line.empty()) {
      const ssize_t count = ::send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return late();
      if (count < 0) return refuse(errno_text(errno));
      line.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  Result<std::string> receive_line() {
    std::string answer;
    char buffer[65536];
    while (true) {
      const auto left = std::chrono::ceil<milliseconds>(end_ - Clock::now());
      pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      const int ready = left.count() > 0 ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0) return late();
      const ssize_t count = ready < 0 ? -1 : ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) return refuse(errno_text(errno));
      if (count == 0) return refuse(text("dvpnd closed the connection without an answer; ", kIsItRunning));
      answer.append(buffer, static_cast<std::size_t>(count));
      if (const std::size_t end = answer.find('\n', answer.size() - static_cast<std::size_t>(count));
          end != std::string::npos)
        return answer.substr(0, end);
      if (answer.size() > kLongestAnswer) return refuse("the answer has no end");
    }
  }

  std::unexpected<Error> refuse(std::string_view why) const { return fail(ErrorKind::kRetry, text(path_, ": ", why)); }

 private:
  std::unexpected<Error> late() const {
    return refuse(text("no answer in ", format_duration(patience_), "; ", kIsItRunning));
  }

  std::string path_;
  milliseconds patience_;
  Clock::time_point end_;
  UniqueFd fd_;
};

}  // namespace

Result<nlohmann::json> call_daemon(const std::string& socket, const std::string& call, milliseconds patience) {
  return ask_daemon(socket, {{"call", call}}, patience);
}

Result<nlohmann::json> ask_daemon(const std::string& socket, nlohmann::json request, milliseconds patience) {
  Call connection(socket, patience);
  if (auto status = connection.connect(); !status) return std::unexpected(status.error());
  request["v"] = kVersion;
  if (auto status = connection.send(request.dump() + '\n'); !status) return std::unexpected(status.error());
  const auto line = connection.receive_line();
  if (!line) return std::unexpected(line.error());
  auto answer = nlohmann::json::parse(*line, nullptr, false);
  const bool good = answer.is_object() && answer.contains("v") && answer["v"] == kVersion && answer.contains("ok") &&
                    answer["ok"].is_boolean();
  if (!good) return connection.refuse("the answer is not of this dvpn's version; are both from the same package?");
  return answer;
}

}  // namespace dvpn::cli
