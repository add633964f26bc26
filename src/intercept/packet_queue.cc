// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/packet_queue.h"

#include <netinet/in.h>
// (before the kernel's header, which would define the same names)
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/text.h"

namespace dvpn::intercept {

namespace {

constexpr std::uint32_t kQueueLength = 65536;
constexpr int kReceiveBuffer = 16 << 20;
/// Read in one go before the event loop gets its turn.
constexpr int kMostPackets = 256;
constexpr std::size_t kInput = 64u << 10;  // beside the largest packet
/// Verdicts in one call: the kernel acts on them before it returns.
constexpr std::size_t kMostVerdicts = 16u << 10;
constexpr std::size_t kVerdictSize = 64;  // more than one message takes

}  // namespace

Result<std::unique_ptr<PacketQueue>> PacketQueue::open(const net::Executor& executor, std::uint16_t number, std::uint32_t mark_field,
                                                        std::size_t bytes, std::string_view key) {
  std::unique_ptr<PacketQueue> queue(new PacketQueue(executor, number, mark_field, bytes));
  const std::string what = text("netfilter queue ", number);
  if (!queue->socket_) return fail_errno(what, errno);
  if (const Status configured = queue->configure(key); !configured) return std::unexpected(configured.error());
  queue->descriptor_.assign(queue->socket_.release());
  return queue;
}

PacketQueue::PacketQueue(const net::Executor& executor, std::uint16_t number, std::uint32_t mark_field, std::size_t bytes)
    : number_(number),
      mark_field_(mark_field),
      bytes_(bytes),
      socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_NETFILTER)),
      descriptor_(executor),
      input_(kInput + bytes) {}

PacketQueue::~PacketQueue() {
  *alive_ = false;
  stop();
}

/// 0, or what the kernel says. Without NLM_F_ACK a refused request would be silent; the answer is there before send() returns.
int PacketQueue::ask(nlmsghdr* message) const {
  std::array<char, 4096> answer;
  message->nlmsg_flags |= NLM_F_ACK;
  if (::send(socket_.get(), message, message->nlmsg_len, 0) < 0) return errno;
  const ssize_t n = ::recv(socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  if (n < 0) return errno;
  return mnl_cb_run(answer.data(), static_cast<std::size_t>(n), 0, 0, nullptr, nullptr) < 0 ? errno : 0;
}

Status PacketQueue::configure(std::string_view key) const {
  const std::string what = text("netfilter queue ", number_);
  const int yes = 1;
  // It needs the same privilege as what follows (socket(7)): so a bind that is not permitted is another's queue.
  if (::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0) return fail_errno(what, errno);
  // An overflow is not our error: what did not fit went on unheld.
  ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_NO_ENOBUFS, &yes, sizeof yes);

  std::array<char, 4096> buffer;
  nlmsghdr* message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_CONFIG, number_);
  nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
  const int bound = ask(message);
  if (bound == EPERM || bound == EBUSY) return fail(ErrorKind::kConfiguration, text(what, " is another program's (", key, ")"));
  if (bound != 0) return fail_errno(what, bound);
  message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_CONFIG, number_);
  nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, static_cast<int>(bytes_));
  nfq_nlmsg_cfg_put_qmaxlen(message, kQueueLength);
  mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_FAIL_OPEN));
  mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
  const int configured = ask(message);
  if (configured != 0) return fail_errno(what, configured);
  return {};
}

net::Task<> PacketQueue::read_loop(Handler handler) {
  handler_ = std::move(handler);
  while (descriptor_.is_open()) {
    // Unbounded: ended by a packet or by stop().
    const auto [error] = co_await descriptor_.async_wait(net::Descriptor::wait_read, net::use_result);
    if (error || !descriptor_.is_open()) break;
    for (int i = 0; i < kMostPackets && descriptor_.is_open(); ++i) {
      const ssize_t n = ::recv(descriptor_.native_handle(), input_.data(), input_.size(), MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) break;
      if (n > 0) take(static_cast<std::size_t>(n));
    }
    flush();
  }
}

void PacketQueue::take(std::size_t bytes) {
  const auto each = [](const nlmsghdr* message, void* self) {
    static_cast<PacketQueue*>(self)->take_one(message);
    return MNL_CB_OK;
  };
  // An error in it is about a verdict on a packet that is gone (its interface went down, say).
  mnl_cb_run(input_.data(), bytes, 0, 0, each, this);
}

void PacketQueue::take_one(const nlmsghdr* message) {
  std::array<nlattr*, NFQA_MAX + 1> attributes{};
  if (nfq_nlmsg_parse(message, attributes.data()) < 0 || attributes[NFQA_PACKET_HDR] == nullptr) return;
  nfqnl_msg_packet_hdr header;
  std::memcpy(&header, mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]), sizeof header);
  const PacketId packet = ntohl(header.packet_id);
  if (attributes[NFQA_MARK] != nullptr) marks_[packet] = ntohl(mnl_attr_get_u32(attributes[NFQA_MARK]));

  std::string_view bytes;
  if (const nlattr* const payload = attributes[NFQA_PAYLOAD])
    bytes = {static_cast<const char*>(mnl_attr_get_payload(payload)), mnl_attr_get_payload_len(payload)};
  handler_(packet, bytes);
}

void PacketQueue::verdict(PacketId packet, Verdict verdict) {
  if (!descriptor_.is_open()) return;
  if (verdicts_.size() + kVerdictSize > kMostVerdicts) flush();
  std::uint32_t mark = 0;
  if (const auto found = marks_.find(packet); found != marks_.end()) {
    mark = found->second;
    marks_.erase(found);
  }
  std::array<char, 256> buffer;
  nlmsghdr* const message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_VERDICT, number_);
  nfq_nlmsg_verdict_put(message, static_cast<int>(packet), verdict == Verdict::kSilence ? NF_DROP : NF_ACCEPT);
  const std::uint32_t wanted = marked(mark, mark_field_, verdict);
  if (wanted != mark) nfq_nlmsg_verdict_put_mark(message, wanted);
  verdicts_.insert(verdicts_.end(), buffer.data(), buffer.data() + message->nlmsg_len);
  if (flush_posted_) return;
  flush_posted_ = true;
  net::asio::post(descriptor_.get_executor(), [this, alive = alive_] {
    if (*alive) flush();
  });
}

void PacketQueue::flush() {
  flush_posted_ = false;
  if (verdicts_.empty() || !descriptor_.is_open()) return;
  if (::send(descriptor_.native_handle(), verdicts_.data(), verdicts_.size(), 0) < 0)
    log_error(text("netfilter queue ", number_, ": verdicts were lost: ", errno_text(errno)));
  verdicts_.clear();
}

void PacketQueue::stop() {
  flush();
  if (!descriptor_.is_open()) return;
  net::error_code ignored;
  descriptor_.close(ignored);
}

}  // namespace dvpn::intercept
