// SPDX-License-Identifier: GPL-2.0-or-later
//
// delay_line: what netem would be, for kernels without it. Two NFQUEUE queues, one for each direction of a link; each
// packet waits its fixed delay, behind those before it where the rate is limited, and is lost with some probability; with
// jitter, each waits up to so much longer, by itself, so that packets overtake each other.
//
//   delay_line QUEUE QUEUE [delay=MS] [rate=MBIT] [loss=PERCENT] [limit=KB] [jitter=MS]
//
// How it works: packets stay in the kernel, only their numbers come here. A direction is a FIFO, so its packets leave
// in order and one batch verdict releases all that are due (with jitter: one verdict each). A packet that would wait longer than `limit` (default
// 1024 KB at the given rate) is dropped, as by a router with a full buffer. GSO packets pass whole: one entry for up to
// 64 KB. Prints "ready" when both queues are bound; ends on SIGTERM or SIGINT and prints what passed. While it is not
// running, its rules' --queue-bypass lets everything through.

#include <netinet/in.h>
// (before the kernel's header, which would define the same names)
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <poll.h>
#include <queue>
#include <random>
#include <span>
#include <string_view>
#include <vector>

namespace {

using Nanoseconds = std::int64_t;

struct Line {
  Nanoseconds delay = 0;
  Nanoseconds jitter = 0;
  double bytes_per_second = 0;  // 0: unlimited
  double loss = 0;              // 0..1
  double limit_bytes = 1024 * 1024;
};

Nanoseconds now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanoseconds{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "delay_line: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// One direction: a queue of the kernel and the packets that wait in it.
class Direction {
 public:
  Direction(std::uint16_t queue, const Line& line) : queue_(queue), line_(line) {
    socket_ = mnl_socket_open(NETLINK_NETFILTER);
    if (socket_ == nullptr || mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) < 0) fail("netlink");
    const int buffer = 64 << 20;
    setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    int on = 1;
    mnl_socket_setsockopt(socket_, NETLINK_NO_ENOBUFS, &on, sizeof on);
    configure();
  }
  ~Direction() { mnl_socket_close(socket_); }
  Direction(const Direction&) = delete;
  Direction& operator=(const Direction&) = delete;

  int fd() const { return mnl_socket_get_fd(socket_); }
  /// When the first waiting packet is due; the largest number when none waits.
  Nanoseconds next_due() const {
    if (!shaken_.empty()) return shaken_.top().due;
    return waiting_.empty() ? INT64_MAX : waiting_.front().due;
  }

  /// Takes in what has arrived, at most a few hundred packets, so that the other direction has its turn.
  void receive() {
    std::array<char, 65536> buffer;
    for (int round = 0; round < 256; ++round) {
      const ssize_t n = recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n <= 0) return;
      mnl_cb_run(buffer.data(), static_cast<std::size_t>(n), 0, 0, &Direction::on_message, this);
    }
  }

  /// Releases every packet that is due (20 us early counts: less than a wake-up costs).
  void release(Nanoseconds at) {
    for (; !shaken_.empty() && shaken_.top().due <= at; shaken_.pop()) verdict(NFQNL_MSG_VERDICT, shaken_.top().id, NF_ACCEPT);
    std::uint32_t last = 0;
    bool any = false;
    while (!waiting_.empty() && waiting_.front().due <= at + 20'000) {
      last = waiting_.front().id;
      any = true;
      waiting_.pop_front();
    }
    if (any) verdict(NFQNL_MSG_VERDICT_BATCH, last, NF_ACCEPT);
  }

  void print() const {
    std::fprintf(stderr, "queue %u: %llu packets, %llu bytes, %llu lost, %llu dropped at the limit\n", queue_, packets_,
                 bytes_, lost_, dropped_);
  }

 private:
  struct Packet {
    std::uint32_t id;
    Nanoseconds due;
    bool operator>(const Packet& other) const { return due > other.due; }
  };

  void ask(nlmsghdr* message) {
    std::array<char, 8192> answer;
    message->nlmsg_flags |= NLM_F_ACK;  // without it a refused bind is silent
    if (mnl_socket_sendto(socket_, message, message->nlmsg_len) < 0) fail("send");
    const ssize_t n = mnl_socket_recvfrom(socket_, answer.data(), answer.size());
    if (n < 0) fail("receive");
    if (mnl_cb_run(answer.data(), static_cast<std::size_t>(n), 0, mnl_socket_get_portid(socket_), nullptr, nullptr) < 0)
      fail("queue");
  }

  void configure() {
    std::array<char, 8192> buffer;
    nlmsghdr* message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_CONFIG, queue_);
    nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
    ask(message);
    message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_CONFIG, queue_);
    nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, 1);
    nfq_nlmsg_cfg_put_qmaxlen(message, 1 << 20);
    mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
    mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
    ask(message);
  }

  void verdict(int type, std::uint32_t id, int what) {
    std::array<char, 256> buffer;
    nlmsghdr* message = nfq_nlmsg_put(buffer.data(), type, queue_);
    nfq_nlmsg_verdict_put(message, static_cast<int>(id), what);
    mnl_socket_sendto(socket_, message, message->nlmsg_len);
  }

  static int on_message(const nlmsghdr* message, void* self) {
    std::array<nlattr*, NFQA_MAX + 1> attributes{};
    if (nfq_nlmsg_parse(message, attributes.data()) < 0 || attributes[NFQA_PACKET_HDR] == nullptr) return MNL_CB_OK;
    nfqnl_msg_packet_hdr header;
    std::memcpy(&header, mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]), sizeof header);
    // (the kernel gives the length only when it is more than the one byte that we ask for, so: always)
    const std::uint32_t length =
        attributes[NFQA_CAP_LEN] != nullptr ? ntohl(mnl_attr_get_u32(attributes[NFQA_CAP_LEN])) : 1;
    static_cast<Direction*>(self)->arrive(ntohl(header.packet_id), length);
    return MNL_CB_OK;
  }

  void arrive(std::uint32_t id, std::uint32_t length) {
    ++packets_;
    bytes_ += length;
    if (line_.loss > 0 && chance_(random_) < line_.loss) {
      ++lost_;
      return verdict(NFQNL_MSG_VERDICT, id, NF_DROP);
    }
    const Nanoseconds at = now();
    Nanoseconds sent = at;
    if (line_.bytes_per_second > 0) {
      const Nanoseconds start = std::max(at, busy_until_);
      if (static_cast<double>(start - at) / 1e9 * line_.bytes_per_second > line_.limit_bytes) {
        ++dropped_;
        return verdict(NFQNL_MSG_VERDICT, id, NF_DROP);
      }
      sent = busy_until_ = start + static_cast<Nanoseconds>(length * 1e9 / line_.bytes_per_second);
    }
    if (line_.jitter > 0)
      shaken_.push({id, sent + line_.delay + static_cast<Nanoseconds>(chance_(random_) * static_cast<double>(line_.jitter))});
    else
      waiting_.push_back({id, sent + line_.delay});
  }

  std::uint16_t queue_;
  const Line& line_;
  mnl_socket* socket_ = nullptr;
  std::deque<Packet> waiting_;
  std::priority_queue<Packet, std::vector<Packet>, std::greater<>> shaken_;  // with jitter: the next one first
  Nanoseconds busy_until_ = 0;  // until then the packets before occupy the line
  std::minstd_rand random_{std::random_device{}()};
  std::uniform_real_distribution<> chance_{0, 1};
  unsigned long long packets_ = 0, bytes_ = 0, lost_ = 0, dropped_ = 0;
};

bool read_option(std::string_view text, Line& line) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view key = text.substr(0, equals), number = text.substr(equals + 1);
  double value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != number.data() + number.size() || value < 0) return false;
  if (key == "jitter") line.jitter = static_cast<Nanoseconds>(value * 1e6);
  else if (key == "delay") line.delay = static_cast<Nanoseconds>(value * 1e6);
  else if (key == "rate") line.bytes_per_second = value * 1e6 / 8;
  else if (key == "loss" && value <= 100) line.loss = value / 100;
  else if (key == "limit") line.limit_bytes = value * 1024;
  else return false;
  return true;
}

std::uint16_t read_queue(const char* text) { return static_cast<std::uint16_t>(std::strtoul(text, nullptr, 10)); }

void serve(std::array<Direction*, 2> directions, int signals) {
  std::array<pollfd, 3> wait{{{directions[0]->fd(), POLLIN, 0}, {directions[1]->fd(), POLLIN, 0}, {signals, POLLIN, 0}}};
  while ((wait[2].revents & POLLIN) == 0) {
    const Nanoseconds due = std::min(directions[0]->next_due(), directions[1]->next_due());
    const Nanoseconds left = std::max<Nanoseconds>(due - now(), 0);
    const timespec timeout{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    // unbounded when nothing waits: ended by a packet or a signal
    if (ppoll(wait.data(), wait.size(), due == INT64_MAX ? nullptr : &timeout, nullptr) < 0 && errno != EINTR) fail("ppoll");
    for (std::size_t i = 0; i < directions.size(); ++i) {
      if (wait[i].revents != 0) directions[i]->receive();
      directions[i]->release(now());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Line line;
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  bool good = argc >= 3;
  for (std::size_t i = 3; i < arguments.size(); ++i) good = good && read_option(arguments[i], line);
  if (!good) {
    std::fputs("usage: delay_line QUEUE QUEUE [delay=MS] [rate=MBIT] [loss=PERCENT] [limit=KB] [jitter=MS]\n", stderr);
    return 2;
  }
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, nullptr);
  const int signals = signalfd(-1, &ending, SFD_CLOEXEC);
  if (signals < 0) fail("signalfd");
  prctl(PR_SET_TIMERSLACK, 1000UL);
  Direction there(read_queue(arguments[1]), line), back(read_queue(arguments[2]), line);
  std::fputs("ready\n", stderr);
  serve({&there, &back}, signals);
  there.print();
  back.print();
  return 0;
}
