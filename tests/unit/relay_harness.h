// SPDX-License-Identifier: GPL-2.0-or-later
// For the tests of the relay with real sockets: a relay on a thread, a caller that speaks the protocol by hand, and
// targets on loopback. Every wait has a deadline.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"
#include "net/address.h"
#include "relay/settings.h"
#include "relay/source_binder.h"
#include "wire/answer.h"
#include "wire/frame.h"
#include "wire/request.h"

namespace dvpn::relay::test {

constexpr std::chrono::milliseconds kPatience{10'000};

/// Settings under which loopback may be reached.
Settings open_settings();

/// Reads exactly so many bytes; fewer if the other end closes, resets or is silent for too long.
std::string read_exactly(int fd, std::size_t size, std::chrono::milliseconds patience = kPatience);
/// Everything up to the end; `reset` says how it ended. Nothing if that takes too long.
struct Rest {
  std::string bytes;
  bool reset = false;
};
std::optional<Rest> read_rest(int fd, std::chrono::milliseconds patience = kPatience);
/// False if the other end does not take it within the patience.
bool write_all(int fd, std::string_view bytes);
/// Whether the condition comes true within the patience.
template <class F>
bool eventually(F condition) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}
std::size_t open_descriptors();

/// Deterministic bytes that do not repeat soon.
std::string noise(std::size_t size, unsigned seed);

/// A listening socket on loopback.
class Target {
 public:
  explicit Target(std::string_view address = "127.0.0.1");
  const net::Endpoint& endpoint() const { return endpoint_; }
  UniqueFd accept() const;
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  net::Endpoint endpoint_;
};

/// A UDP socket on loopback: of any port that is free, or of that one.
class UdpTarget {
 public:
  explicit UdpTarget(std::string_view address = "127.0.0.1", net::Port port = 0);
  const net::Endpoint& endpoint() const { return endpoint_; }
  int fd() const { return fd_.get(); }
  struct Datagram {
    std::string payload;
    net::Endpoint from;
  };
  /// The next one; nothing if none comes within the patience.
  std::optional<Datagram> receive(std::chrono::milliseconds patience = kPatience) const;
  bool send(std::string_view payload, const net::Endpoint& to) const;

 private:
  UniqueFd fd_;
  net::Endpoint endpoint_;
};

/// Runs it on a thread in a network namespace of its own, with loopback up. False if that needs rights we lack.
bool in_own_network(const std::function<void()>& what);
/// A shell command, which must succeed.
void shell(const std::string& command);

/// A connection to the relay's socket.
class Caller {
 public:
  explicit Caller(UniqueFd fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }
  void finish_writing() const;

  bool send(std::string_view bytes) const { return write_all(fd_.get(), bytes); }
  bool send_data(std::string_view payload, std::size_t frame = 1 << 20) const;
  bool ask_tcp(const net::Endpoint& target) const;
  bool ask(const wire::Request& request) const { return send(wire::encode(request)); }
  bool send_datagram(std::string_view payload) const;
  std::optional<wire::Answer> answer() const;

  /// The next frame, with its payload; nothing at the channel's end.
  struct Frame {
    wire::FrameType type;
    std::string payload;
  };
  std::optional<Frame> frame() const;
  /// All data up to the next frame of another kind, which goes to `last` (nothing: the channel ended).
  std::string data(std::optional<Frame>& last) const;

 private:
  UniqueFd fd_;
};

/// A unix socket that is not connected yet, and connecting it.
UniqueFd unix_socket();
bool connect_to(int fd, const std::string& path);
/// Connects to a relay's socket; the caller has no descriptor if that fails.
Caller call_socket(const std::string& path);

class TestRelay {
 public:
  /// What becomes of questions for client sources.
  enum class Parent { kAnswers, kIsSilent };
  explicit TestRelay(Settings settings = open_settings(), Parent parent = Parent::kAnswers);
  ~TestRelay();
  const std::string& path() const { return path_; }
  Caller call() const { return call_socket(path_); }
  /// A call that has its yes already.
  Caller call_tcp(const net::Endpoint& target) const { return call_for(wire::Kind::kTcp, target); }
  Caller call_for(wire::Kind kind, const net::Endpoint& target) const;
  void apply(const Settings& settings) const;
  /// A parent that was silent answers what has been asked so far.
  void answer_sources(const Settings& settings) const;
  void drain() const;
  /// Waits until the loop has ended, as after drain(); false if it takes too long.
  bool ended() const;
  /// For clock_gettime(2): the CPU time of its thread.
  clockid_t cpu_clock();

 private:
  void wait_for_serving() const;

  std::string path_;
  UniqueFd control_;
  std::thread thread_;
  std::shared_ptr<SourceBinder> binder_;
  std::thread sources_;  ///< what the parent does with it
};

}  // namespace dvpn::relay::test
