// SPDX-License-Identifier: GPL-2.0-or-later
// What the relay does with datagrams, and what each costs it: a relay on a thread, a gateway and a target that do as
// little as they can, on loopback.
//   datagrams [SECONDS]        for each size: up alone, down alone, questions and answers
// "cpu" is the relay's thread alone, "there" how many of those that one side sent have reached the other.
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "relay_harness.h"
#include "wire/datagram.h"

namespace {

using namespace dvpn;
using namespace dvpn::relay::test;
using Clock = std::chrono::steady_clock;

double seconds = 2;

double cpu_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Bench {
  UdpTarget target;
  TestRelay relay;
  Caller caller = relay.call_for(wire::Kind::kUdp, target.endpoint());
  clockid_t relays_clock = relay.cpu_clock();
  std::string payload;

  explicit Bench(std::size_t size) : payload(noise(size, 1)) {
    const int room = 8 << 20;
    (void)::setsockopt(target.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  }
  std::string framed() const {
    const auto header = wire::encode_frame_header(wire::FrameType::kDatagram, static_cast<std::uint32_t>(payload.size()));
    return std::string(header.data(), header.size()) + payload;
  }
  net::Endpoint relays_end() const {
    (void)caller.send_datagram("hello");
    return target.receive()->from;
  }
};

/// Datagrams of a stream of frames, until it pauses.
std::size_t count_frames(int fd, std::size_t frame, const std::atomic<bool>& done) {
  std::string buffer(1u << 20, '\0');
  std::size_t bytes = 0;
  for (;;) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) bytes += static_cast<std::size_t>(n);
    if (n <= 0 && done) return bytes / frame;
  }
}

std::size_t count_datagrams(int fd, const std::atomic<bool>& done) {
  std::string buffer(65536, '\0');
  std::size_t count = 0;
  for (;;) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n >= 0) ++count;
    if (n < 0 && done) return count;
  }
}

void report(const char* what, std::size_t size, std::size_t sent, std::size_t there, double took, double cpu) {
  std::printf("%-8s %6zu bytes: %9.0f/s, %7.2f Gb/s, there %5.1f %%, cpu %.2f us each\n", what, size,
              static_cast<double>(there) / took, static_cast<double>(there * size) * 8e-9 / took,
              100.0 * static_cast<double>(there) / static_cast<double>(sent), cpu * 1e6 / static_cast<double>(there));
}

void up(std::size_t size) {
  Bench bench(size);
  std::string many;
  std::size_t of_many = 0;
  for (; of_many == 0 || many.size() < 32'000; ++of_many) many += bench.framed();
  std::atomic<bool> done = false;
  std::size_t there = 0;
  std::jthread reader([&] { there = count_datagrams(bench.target.fd(), done); });
  const double cpu = cpu_of(bench.relays_clock);
  const auto start = Clock::now();
  std::size_t sent = 0;
  while (std::chrono::duration<double>(Clock::now() - start).count() < seconds) {
    if (!bench.caller.send(many)) std::abort();
    sent += of_many;
  }
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  done = true;
  reader.join();
  report("up", size, sent, there, took, cpu_of(bench.relays_clock) - cpu);
}

void down(std::size_t size) {
  Bench bench(size);
  const net::Endpoint to = bench.relays_end();
  std::atomic<bool> done = false;
  std::size_t there = 0;
  std::jthread reader([&] { there = count_frames(bench.caller.fd(), size + wire::kFrameHeaderSize, done); });
  const double cpu = cpu_of(bench.relays_clock);
  const auto start = Clock::now();
  std::size_t sent = 0;
  while (std::chrono::duration<double>(Clock::now() - start).count() < seconds) sent += bench.target.send(bench.payload, to);
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  done = true;
  reader.join();
  report("down", size, sent, there, took, cpu_of(bench.relays_clock) - cpu);
}

void both(std::size_t size) {
  Bench bench(size);
  std::atomic<bool> done = false;
  std::jthread echo([&] {
    while (!done)
      if (const auto came = bench.target.receive(std::chrono::milliseconds(100)); came) (void)bench.target.send(came->payload, came->from);
  });
  const double cpu = cpu_of(bench.relays_clock);
  const auto start = Clock::now();
  std::size_t answered = 0;
  while (std::chrono::duration<double>(Clock::now() - start).count() < seconds) {
    if (!bench.caller.send(bench.framed()) || !bench.caller.frame()) std::abort();
    ++answered;
  }
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  const double used = cpu_of(bench.relays_clock) - cpu;
  done = true;
  echo.join();
  report("answered", size, answered, answered, took, used);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) seconds = std::atof(argv[1]);
  for (const std::size_t size : {std::size_t{100}, std::size_t{1200}, std::size_t{8000}, std::size_t{65'507}}) {
    up(size);
    down(size);
    both(size);
  }
}
