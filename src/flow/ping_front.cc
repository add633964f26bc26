// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/ping_front.h"

#include "flow/gate.h"

namespace dvpn::flow {

namespace {

using intercept::Verdict;

/// ICMP errors from here, to all clients together. (The kernel's own limit does not hold for ours.)
constexpr std::uint32_t kErrorsAtOnce = 200;
constexpr auto kErrorInterval = std::chrono::milliseconds(5);

Ping taken(const intercept::EchoRequest& request) { return {request.name, std::string(request.payload)}; }

}  // namespace

PingFront::PingFront(std::unique_ptr<intercept::PacketQueue> queue, const intercept::RawSender& sender, Dispatcher& dispatcher)
    : queue_(std::move(queue)), sender_(sender), dispatcher_(dispatcher), told_(kErrorsAtOnce, kErrorInterval) {}

void PingFront::start(net::TaskGroup& tasks) {
  tasks.spawn(queue_->read_loop([this](intercept::PacketQueue::PacketId packet, std::string_view bytes) {
    arrived(bytes);
    queue_->verdict(packet, Verdict::kSilence);
  }));
}

void PingFront::arrived(std::string_view packet) {
  const auto request = intercept::parse_echo_request(packet);
  if (!request) {
    ++counts_.not_understood;
    return;
  }
  // (the queue cuts off what is longer than a netlink message)
  if (request->whole() && request->size <= dispatcher_.config().ping.payload) return pass_on(*request);
  ++counts_.too_long;
  refuse(*request, Verdict::kProhibited);
}

void PingFront::pass_on(const intercept::EchoRequest& request) {
  const DatagramTable::Pair pair{{request.client, 0}, {request.target, 0}};
  const DatagramTable::Arrival arrival = table_.arrived(pair, DatagramTable::Clock::now());
  switch (arrival.what) {
    case DatagramTable::What::kNew: return begin(pair, request);
    case DatagramTable::What::kFollows:
    case DatagramTable::What::kLate:
      if (!dispatcher_.ping(arrival.flow, taken(request))) ++counts_.dropped;
      return;
    case DatagramTable::What::kRefused:
      ++counts_.remembered;
      return refuse(request, arrival.verdict);
  }
}

void PingFront::begin(const DatagramTable::Pair& pair, const intercept::EchoRequest& request) {
  const auto flow = dispatcher_.begin_pings(pair.client, pair.target, &sender_, taken(request));
  if (flow) return table_.begun(pair, *flow, DatagramTable::Clock::now());
  const Verdict verdict = verdict_for(flow.error());
  table_.refused(pair, verdict, DatagramTable::Clock::now());
  refuse(request, verdict);
}

/// Its flow has told the client already, if there was something to tell.
void PingFront::reported(const Report& report) {
  if (report.what != Report::What::kEnded) return;
  const auto pair = table_.ended(report.id);
  if (pair && !report.opened) table_.refused(*pair, verdict_for(report.reason), DatagramTable::Clock::now());
}

void PingFront::refuse(const intercept::EchoRequest& request, Verdict verdict) {
  if (!told_.allow(DatagramTable::Clock::now())) return;
  sender_.send(request.client, intercept::icmp_error(intercept::quoted_echo(request.client, request.target, request.name, request.size), verdict));
}

}  // namespace dvpn::flow
