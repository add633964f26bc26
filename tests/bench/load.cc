// SPDX-License-Identifier: GPL-2.0-or-later
// The load of the bench: one server for all measures, and clients that print what they measured as one JSON object.
//   load serve PORT                                    until killed
//   load bulk HOST PORT up|down FLOWS SIZE             each flow carries so much (MiB, or KiB with a k behind it); payload
//                                                      costs no copy at either end
//   load connect HOST PORT COUNT AT-ONCE               connect, one byte there and back, close
//   load keystrokes HOST PORT COUNT INTERVAL-MS        one byte there and back on an open connection
//   load hold HOST PORT COUNT [FROM...]                opens idle flows (from these addresses, in turn), prints
//                                                      {"open":N}, holds them until input ends
//   load verify HOST PORT CHUNKS                       random bytes there and back, compared; 32 KiB a chunk
// A connection's first byte says what the server does: D (then eight digits of KiB) sends, U takes until the end and
// answers a byte, E sends every byte back.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBlock = 1u << 20;
std::vector<char> block(kBlock, 'x');

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void no_delay(int fd) {
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

/// Takes what has come without copying it (tcp(7), MSG_TRUNC).
ssize_t discard(int fd, int flags) { return ::recv(fd, nullptr, kBlock, MSG_TRUNC | flags); }

struct Connection {
  char mode = 0;
  std::string head;            // of mode D
  std::uint64_t left = 0;      // bytes still to send
};

class Server {
 public:
  explicit Server(int port) : poll_(::epoll_create1(0)) {
    listener_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int yes = 1, no = 0;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ::setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(port));
    const void* const where = &address;
    if (::bind(listener_, static_cast<const sockaddr*>(where), sizeof address) != 0) die("bind");
    if (::listen(listener_, 4096) != 0) die("listen");
    watch(listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    epoll_event events[256];
    for (;;) {
      const int n = ::epoll_wait(poll_, events, 256, -1);
      for (int i = 0; i < n; ++i) {
        const int fd = events[i].data.fd;
        if (fd == listener_)
          accept_all();
        else if (!serve(fd))
          drop(fd);
      }
    }
  }

 private:
  void watch(int fd, unsigned events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) != 0) ::epoll_ctl(poll_, EPOLL_CTL_MOD, fd, &event);
  }

  void accept_all() {
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      no_delay(fd);
      connections_[fd] = {};
      watch(fd, EPOLLIN);
    }
  }

  void drop(int fd) {
    connections_.erase(fd);
    ::close(fd);
  }

  /// False: the connection is finished.
  bool serve(int fd) {
    Connection& c = connections_[fd];
    if (c.mode == 0 && ::recv(fd, &c.mode, 1, 0) != 1) return false;
    if (c.mode == 'E') return echo(fd);
    if (c.mode == 'U') return take(fd);
    return send_all(fd, c);
  }

  static bool echo(int fd) {
    char buffer[4096];
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n < 0) return errno == EAGAIN;
    return n > 0 && ::send(fd, buffer, static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
  }

  static bool take(int fd) {
    for (;;) {
      const ssize_t n = discard(fd, MSG_DONTWAIT);
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return ::send(fd, "k", 1, MSG_NOSIGNAL) < 0;  // the client closes when it has seen it
    }
  }

  bool send_all(int fd, Connection& c) {
    while (c.head.size() < 8) {
      char digit;
      const ssize_t n = ::recv(fd, &digit, 1, 0);
      if (n <= 0) return n < 0 && errno == EAGAIN;
      c.head += digit;
      if (c.head.size() == 8) {
        c.left = std::stoull(c.head) << 10;
        watch(fd, EPOLLOUT);
      }
    }
    while (c.left > 0) {
      const ssize_t n = ::send(fd, block.data(), std::min<std::uint64_t>(c.left, kBlock), MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN;
      c.left -= static_cast<std::uint64_t>(n);
    }
    return false;
  }

  int poll_;
  int listener_;
  std::unordered_map<int, Connection> connections_;
};

struct Target {
  addrinfo* list = nullptr;
  explicit Target(const char* host, const char* port = "0") {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (::getaddrinfo(host, port, &hints, &list) != 0) die("address");
  }
  /// -1 when it cannot connect, and errno says why.
  int connect(const Target* from = nullptr) const {
    const int fd = ::socket(list->ai_family, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    no_delay(fd);
    if (from != nullptr && ::bind(fd, from->list->ai_addr, from->list->ai_addrlen) != 0) die("bind");
    const timeval patience{30, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd, list->ai_addr, list->ai_addrlen) == 0) return fd;
    const int why = errno;
    ::close(fd);
    errno = why;
    return -1;
  }
};

/// Why the last exchange failed, in words; an end of file is one as well.
std::string reason(ssize_t got) {
  if (got == 0) return "closed by the other side";
  return errno == EAGAIN ? "no answer within 30 s" : std::strerror(errno);
}

/// "" when the byte came back.
std::string there_and_back(int fd) {
  char byte = 'x';
  if (::send(fd, &byte, 1, MSG_NOSIGNAL) != 1) return reason(-1);
  byte = 0;
  const ssize_t got = ::recv(fd, &byte, 1, 0);
  if (got != 1) return reason(got);
  return byte == 'x' ? "" : "another byte came back";
}

/// A connection that echoes has sent its first byte. "" or what went wrong.
std::string start_echo(int fd) {
  if (fd < 0 || ::send(fd, "E", 1, MSG_NOSIGNAL) != 1) return reason(-1);
  return there_and_back(fd);
}

double percentile(std::vector<double>& sorted, double share) {
  if (sorted.empty()) return -1;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

/// `more`: further members of the answer, each with a comma before it.
void print_latencies(std::vector<double>& seconds, std::size_t failed, const std::string& error, double elapsed, const std::string& more = "") {
  std::sort(seconds.begin(), seconds.end());
  std::printf("{\"ok\":%zu,\"failed\":%zu,\"error\":\"%s\",\"per_second\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f%s}\n",
              seconds.size(), failed, error.c_str(), static_cast<double>(seconds.size()) / elapsed, percentile(seconds, 0.5) * 1e3,
              percentile(seconds, 0.99) * 1e3, percentile(seconds, 1) * 1e3, more.c_str());
}

/// In KiB.
long parse_size(const char* text) {
  char* end = nullptr;
  const long number = std::strtol(text, &end, 10);
  return *end == 'k' ? number : number << 10;
}

int bulk(const Target& target, bool up, int flows, long kibibytes) {
  const std::uint64_t wanted = static_cast<std::uint64_t>(kibibytes) << 10;
  std::vector<int> sockets;
  for (int i = 0; i < flows; ++i) {
    sockets.push_back(target.connect());
    if (sockets.back() < 0) die("connect");
  }
  const auto start = Clock::now();
  std::vector<std::thread> threads;
  std::vector<std::uint64_t> moved(sockets.size());
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    threads.emplace_back([&, i] {
      const int fd = sockets[i];
      char head[16];
      std::snprintf(head, sizeof head, up ? "U" : "D%08ld", kibibytes);
      if (::send(fd, head, std::strlen(head), MSG_NOSIGNAL) < 0) return;
      std::uint64_t& bytes = moved[i];
      while (up && bytes < wanted) {
        const ssize_t n = ::send(fd, block.data(), std::min<std::uint64_t>(wanted - bytes, kBlock), MSG_NOSIGNAL);
        if (n <= 0) return;
        bytes += static_cast<std::uint64_t>(n);
      }
      if (up) {
        ::shutdown(fd, SHUT_WR);
        if (::recv(fd, head, 1, 0) != 1) bytes = 0;  // the server never said that it has taken everything
        return;
      }
      for (ssize_t n; bytes < wanted && (n = discard(fd, 0)) > 0;) bytes += static_cast<std::uint64_t>(n);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double elapsed = since(start);
  std::uint64_t total = 0;
  for (const std::uint64_t bytes : moved) total += bytes;
  const bool complete = total == static_cast<std::uint64_t>(flows) * wanted;
  std::printf("{\"bytes\":%llu,\"seconds\":%.4f,\"gbit\":%.4f,\"complete\":%s}\n", static_cast<unsigned long long>(total), elapsed,
              static_cast<double>(total) * 8e-9 / elapsed, complete ? "true" : "false");
  return complete ? 0 : 1;
}

int connections(const Target& target, std::size_t count, std::size_t at_once) {
  std::vector<std::vector<double>> seconds(at_once);
  std::vector<std::vector<double>> connected(at_once);  // connect() alone
  std::vector<std::size_t> failed(at_once);
  std::vector<std::string> error(at_once);
  const auto start = Clock::now();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < at_once; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < count; i += at_once) {
        const auto begun = Clock::now();
        const int fd = target.connect();
        const double connecting = since(begun);
        const std::string wrong = start_echo(fd);
        if (wrong.empty()) connected[t].push_back(connecting);
        if (wrong.empty()) {
          seconds[t].push_back(since(begun));
        } else {
          ++failed[t];
          error[t] = wrong;
        }
        if (fd >= 0) ::close(fd);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double elapsed = since(start);
  std::vector<double> all;
  std::vector<double> connects;
  std::size_t failures = 0;
  std::string an_error;
  for (std::size_t t = 0; t < at_once; ++t) {
    all.insert(all.end(), seconds[t].begin(), seconds[t].end());
    connects.insert(connects.end(), connected[t].begin(), connected[t].end());
    failures += failed[t];
    if (!error[t].empty()) an_error = error[t];
  }
  std::sort(connects.begin(), connects.end());
  char more[64];
  std::snprintf(more, sizeof more, ",\"connect_p50_ms\":%.3f,\"connect_p99_ms\":%.3f", percentile(connects, 0.5) * 1e3, percentile(connects, 0.99) * 1e3);
  print_latencies(all, failures, an_error, elapsed, more);
  return failures == 0 ? 0 : 1;
}

int keystrokes(const Target& target, std::size_t count, int interval_ms) {
  const int fd = target.connect();
  std::string wrong = start_echo(fd);  // (the first byte's way is another measure)
  std::vector<double> seconds;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < count && wrong.empty(); ++i) {
    std::this_thread::sleep_until(start + std::chrono::milliseconds(interval_ms) * i);
    const auto begun = Clock::now();
    wrong = there_and_back(fd);
    if (wrong.empty()) seconds.push_back(since(begun));
  }
  print_latencies(seconds, count - seconds.size(), wrong, since(start));
  return seconds.size() == count ? 0 : 1;
}

int hold(const Target& target, std::size_t count, const std::vector<Target>& from) {
  std::size_t open = 0;
  for (; open < count; ++open) {
    const int fd = target.connect(from.empty() ? nullptr : &from[open % from.size()]);
    const std::string wrong = start_echo(fd);
    if (!wrong.empty()) {
      std::printf("{\"open\":%zu,\"error\":\"%s\"}\n", open, wrong.c_str());
      return 1;
    }
  }
  std::printf("{\"open\":%zu}\n", open);
  std::fflush(stdout);
  char byte;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

int verify(const Target& target, std::size_t chunks) {
  std::mt19937 random(std::random_device{}());
  std::string sent(32u << 10, 0), got;
  const int fd = target.connect();
  std::string wrong = start_echo(fd);
  for (std::size_t i = 0; i < chunks && wrong.empty(); ++i) {
    std::generate(sent.begin(), sent.end(), [&] { return static_cast<char>(random()); });
    got.assign(sent.size(), 0);
    ssize_t n = ::send(fd, sent.data(), sent.size(), MSG_NOSIGNAL);
    if (n == static_cast<ssize_t>(sent.size())) n = ::recv(fd, got.data(), got.size(), MSG_WAITALL);
    if (n != static_cast<ssize_t>(sent.size())) wrong = reason(n);
    else if (got != sent) wrong = "other bytes came back than were sent";
  }
  std::printf("{\"error\":\"%s\"}\n", wrong.c_str());
  return wrong.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "serve" && argc == 3) Server(std::atoi(argv[2])).run();
  if (argc < 4) {
    std::fputs("load: see the head of load.cc\n", stderr);
    return 2;
  }
  const Target target(argv[2], argv[3]);
  if (what == "bulk" && argc == 7) return bulk(target, std::strcmp(argv[4], "up") == 0, std::atoi(argv[5]), parse_size(argv[6]));
  const auto number = [&](int i) { return static_cast<std::size_t>(std::atol(argv[i])); };
  if (what == "connect" && argc == 6) return connections(target, number(4), number(5));
  if (what == "keystrokes" && argc == 6) return keystrokes(target, number(4), std::atoi(argv[5]));
  if (what == "hold" && argc >= 5) return hold(target, number(4), std::vector<Target>(argv + 5, argv + argc));
  if (what == "verify" && argc == 5) return verify(target, number(4));
  return 2;
}
