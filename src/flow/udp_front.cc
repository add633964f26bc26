// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/udp_front.h"

#include "flow/gate.h"
#include "intercept/ip_packet.h"

namespace dvpn::flow {

namespace {

using intercept::Verdict;

/// ICMP errors from here, to all clients together. (The kernel's own limit does not hold for ours.)
constexpr std::uint32_t kErrorsAtOnce = 200;
constexpr auto kErrorInterval = std::chrono::milliseconds(5);

DatagramTable::Clock::time_point now() { return DatagramTable::Clock::now(); }

}  // namespace

UdpFront::UdpFront(std::unique_ptr<intercept::PacketQueue> queue, const intercept::RawSender* sender, Dispatcher& dispatcher)
    : queue_(std::move(queue)), sender_(sender), dispatcher_(dispatcher), told_(kErrorsAtOnce, kErrorInterval) {}

void UdpFront::start(net::TaskGroup& tasks) {
  tasks.spawn(queue_->read_loop([this](intercept::PacketQueue::PacketId packet, std::string_view bytes) { arrived(packet, bytes); }));
}

void UdpFront::arrived(intercept::PacketQueue::PacketId packet, std::string_view bytes) {
  if (const auto datagram = intercept::parse_udp(bytes)) return decide(packet, *datagram);
  ++counts_.not_understood;
  queue_->verdict(packet, Verdict::kSilence);
}

void UdpFront::decide(intercept::PacketQueue::PacketId packet, const intercept::UdpHeader& datagram) {
  const DatagramTable::Pair pair{datagram.client, datagram.destination};
  const DatagramTable::Arrival arrival = table_.arrived(pair, now());
  switch (arrival.what) {
    case DatagramTable::What::kNew: return begin(packet, pair, datagram.payload);
    case DatagramTable::What::kFollows: return queue_->verdict(packet, Verdict::kCaught);
    case DatagramTable::What::kLate: ++counts_.late; break;
    case DatagramTable::What::kRefused:
      ++counts_.remembered;
      tell(pair, arrival.verdict, datagram.payload);
      break;
  }
  queue_->verdict(packet, Verdict::kSilence);
}

void UdpFront::begin(intercept::PacketQueue::PacketId packet, const DatagramTable::Pair& pair, std::size_t payload) {
  const auto flow = dispatcher_.begin_datagrams(pair.client, pair.target, sender_, [this, packet] {
    queue_->verdict(packet, Verdict::kCaught);
    queue_->flush();
  });
  if (flow) return table_.begun(pair, *flow, now());
  const Verdict verdict = verdict_for(flow.error());
  table_.refused(pair, verdict, now());
  tell(pair, verdict, payload);
  queue_->verdict(packet, Verdict::kSilence);
}

void UdpFront::reported(const Report& report) {
  if (report.what != Report::What::kEnded) return;
  const auto pair = table_.ended(report.id);
  if (!pair || report.opened) return;
  const Verdict verdict = verdict_for(report.reason);
  table_.refused(*pair, verdict, now());
  tell(*pair, verdict, 0);
}

void UdpFront::tell(const DatagramTable::Pair& pair, Verdict verdict, std::size_t payload) {
  if (sender_ == nullptr || !told_.allow(now())) return;
  sender_->send(pair.client.address, intercept::icmp_error(intercept::quoted_datagram(pair.client, pair.target, payload), verdict));
}

UdpInfo UdpFront::info() const {
  UdpInfo info = counts_;
  if (sender_ != nullptr) info.told = sender_->sent();
  return info;
}

}  // namespace dvpn::flow
