// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/gate.h"

namespace dvpn::flow {

namespace {

using intercept::HeldSyns;
using intercept::Verdict;

constexpr auto kExpireInterval = std::chrono::seconds(1);

HeldSyns::Clock::time_point now() { return HeldSyns::Clock::now(); }

}  // namespace

/// What the target's own machine or its network would have said is said here. Trouble on the way there is what a router
/// says whose line is down. A limit of ours is no matter of a moment: the client shall not try on and on.
Verdict verdict_for(EndReason reason) {
  switch (reason) {
    case EndReason::kRefused:
    case EndReason::kTargetReset:
    case EndReason::kShutdown: return Verdict::kReset;
    case EndReason::kHostUnreachable:
    case EndReason::kFarFailed: return Verdict::kHostUnreachable;
    case EndReason::kTimedOut:
    case EndReason::kOpenTimeout:
    case EndReason::kClientGone:
    case EndReason::kHeldLimit: return Verdict::kSilence;
    case EndReason::kProhibited:
    case EndReason::kFarLimit:
    case EndReason::kFlowLimit:
    case EndReason::kClientLimit:
    case EndReason::kOwnNetwork: return Verdict::kProhibited;
    case EndReason::kNetworkUnreachable:
    case EndReason::kFarProtocol:
    case EndReason::kFarBroken:
    case EndReason::kNoRelay:
    case EndReason::kSessionLost:
    case EndReason::kGatewayUnreachable:
    case EndReason::kGatewayLimit:
    case EndReason::kGatewayProtocol:
    case EndReason::kGatewayTimeout:
    case EndReason::kHostKeyUnknown:
    case EndReason::kHostKeyChanged:
    case EndReason::kAuthentication:
    case EndReason::kNoRoute:
    case EndReason::kNotRedirected:
    case EndReason::kPortTaken:
    case EndReason::kSystem:
    case EndReason::kDone:
    case EndReason::kIdle:
    case EndReason::kClientReset: break;
  }
  return Verdict::kNetworkUnreachable;
}

Gate::Gate(const net::Executor& executor, std::unique_ptr<intercept::PacketQueue> queue, HeldSyns::Limits limits, Dispatcher& dispatcher)
    : queue_(std::move(queue)), syns_(limits), dispatcher_(dispatcher), timer_(executor) {}

void Gate::start(net::TaskGroup& tasks) {
  tasks.spawn(queue_->read_loop([this](intercept::PacketQueue::PacketId packet, std::string_view bytes) { arrived(packet, bytes); }));
  tasks.spawn(expire_loop());
}

void Gate::arrived(intercept::PacketQueue::PacketId packet, std::string_view bytes) {
  if (const auto syn = intercept::parse_syn(bytes)) {
    decide(packet, *syn);
  } else {
    ++counts_.not_understood;
    queue_->verdict(packet, Verdict::kSilence);
  }
}

void Gate::decide(intercept::PacketQueue::PacketId packet, const intercept::Syn& syn) {
  const HeldSyns::Arrival arrival = syns_.arrived(syn, now());
  if (arrival.given_up) {
    const bool anew = arrival.given_up->why == HeldSyns::GivenUp::Why::kBegunAnew;
    if (anew) ++counts_.client_gone;
    end(*arrival.given_up, anew ? EndReason::kClientGone : EndReason::kHeldLimit, Verdict::kSilence);
  }
  switch (arrival.what) {
    case HeldSyns::What::kNew: break;
    case HeldSyns::What::kCopy: ++counts_.copies; break;
    case HeldSyns::What::kRemembered: ++counts_.remembered; break;
    case HeldSyns::What::kOverLimit: ++counts_.over_limit; break;
    case HeldSyns::What::kClientLimit:
      ++counts_.over_client_limit;
      dispatcher_.refused(syn.client, syn.destination, EndReason::kHeldLimit);
      break;
  }
  if (arrival.what != HeldSyns::What::kNew) {
    queue_->verdict(packet, arrival.verdict);
    return;
  }
  const auto flow = dispatcher_.hold(syn.client, syn.destination);
  if (flow) {
    syns_.hold(syn, packet, *flow, now());
    return;
  }
  const Verdict verdict = verdict_for(flow.error());
  syns_.refuse_new(syn, verdict, now());
  ++counts_.verdicts[static_cast<std::size_t>(verdict)];
  queue_->verdict(packet, verdict);
}

void Gate::end(const HeldSyns::GivenUp& given_up, EndReason reason, Verdict verdict) {
  dispatcher_.cancel(given_up.flow, reason);
  if (!given_up.packet) return;
  ++counts_.verdicts[static_cast<std::size_t>(verdict)];
  queue_->verdict(*given_up.packet, verdict);
}

void Gate::reported(const Report& report) {
  const bool ready = report.what == Report::What::kReady;
  const Verdict verdict = ready ? Verdict::kPass : verdict_for(report.reason);
  const auto packet = ready ? syns_.pass(report.id, now()) : syns_.refuse(report.id, verdict, now());
  if (!packet) return;
  ++counts_.verdicts[static_cast<std::size_t>(verdict)];
  queue_->verdict(*packet, verdict);
}

void Gate::accepted(intercept::Caught caught) {
  const bool redirected = caught.destination && *caught.destination != caught.local;
  if (redirected && !stopping_) {
    const auto sender = dispatcher_.sender(caught);
    const auto flow = sender ? syns_.claim(*sender, *caught.destination, now())
                             : syns_.claim_oldest(caught.client.address, *caught.destination, now());
    if (flow) {
      dispatcher_.attach(*flow, std::move(caught.socket));
      return;
    }
    ++counts_.bypassed;
  }
  dispatcher_.caught(std::move(caught));
}

net::Task<> Gate::expire_loop() {
  while (!stopping_) {
    timer_.expires_after(kExpireInterval);
    co_await timer_.async_wait(net::use_result);
    for (const HeldSyns::FlowId flow : syns_.expire(now())) {
      ++counts_.client_gone;
      dispatcher_.cancel(flow, EndReason::kClientGone);
    }
  }
}

void Gate::stop() {
  if (stopping_) return;
  stopping_ = true;
  for (const HeldSyns::GivenUp& given_up : syns_.clear()) end(given_up, EndReason::kShutdown, Verdict::kReset);
  queue_->stop();
  timer_.cancel();
}

GateInfo Gate::info() const {
  GateInfo info = counts_;
  info.held = syns_.held();
  info.waiting = syns_.passed();
  return info;
}

}  // namespace dvpn::flow
