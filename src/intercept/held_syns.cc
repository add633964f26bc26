// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/held_syns.h"

namespace dvpn::intercept {

/// Takes the attempt out of what its state has it in.
void HeldSyns::leave(Attempts::iterator at) {
  const Attempt& attempt = at->second;
  switch (attempt.state) {
    case State::kHeld: {
      const auto client = held_by_.find(at->first.client.address);
      client->second.erase(attempt.flow);
      if (client->second.empty()) held_by_.erase(client);
      flows_.erase(attempt.flow);
      --held_;
      break;
    }
    case State::kPassed:
      flows_.erase(attempt.flow);
      passed_.erase(attempt.order);
      break;
    case State::kAccepted:
    case State::kRefused: remembered_.erase(attempt.order); break;
  }
}

void HeldSyns::forget(Attempts::iterator at) {
  leave(at);
  attempts_.erase(at);
}

void HeldSyns::await_client(Attempts::iterator at, Clock::time_point now) {
  Attempt& attempt = at->second;
  attempt.state = State::kPassed;
  attempt.since = now;
  attempt.order = ++last_order_;
  flows_.emplace(attempt.flow, at);
  passed_.emplace(attempt.order, at);
}

void HeldSyns::remember(Attempts::iterator at, State state, Clock::time_point now) {
  if (remembered_.size() >= kMostRemembered) forget(remembered_.begin()->second);
  Attempt& attempt = at->second;
  attempt.state = state;
  attempt.since = now;
  attempt.order = ++last_order_;
  remembered_.emplace(attempt.order, at);
}

HeldSyns::GivenUp HeldSyns::give_up(Attempts::iterator at, GivenUp::Why why) {
  const Attempt& attempt = at->second;
  GivenUp given_up{why, attempt.flow, std::nullopt};
  if (attempt.state == State::kHeld) given_up.packet = attempt.packet;
  forget(at);
  return given_up;
}

HeldSyns::Arrival HeldSyns::arrived(const Syn& syn, Clock::time_point now) {
  Arrival arrival{What::kNew};
  if (const auto found = attempts_.find({syn.client, syn.destination}); found != attempts_.end()) {
    Attempt& attempt = found->second;
    const bool copy = attempt.sequence == syn.sequence;
    const bool over = now - attempt.since > (copy ? kCopyMemory : kMemory);  // of those that are remembered
    switch (attempt.state) {
      case State::kHeld:
        if (copy) return {What::kCopy, Verdict::kSilence};
        arrival.given_up = give_up(found, GivenUp::Why::kBegunAnew);
        break;
      case State::kPassed:
        if (!copy) {
          arrival.given_up = give_up(found, GivenUp::Why::kBegunAnew);
          break;
        }
        leave(found);
        await_client(found, now);  // for as long again
        return {What::kCopy, Verdict::kPass};
      case State::kAccepted:
        if (copy && !over) return {What::kCopy, Verdict::kPass};
        forget(found);
        break;
      case State::kRefused:
        if (!over) return {What::kRemembered, copy && is_icmp(attempt.verdict) ? Verdict::kReset : attempt.verdict};
        forget(found);
        break;
    }
  }
  if (held_ >= limits_.held) {
    arrival.what = What::kOverLimit;
    arrival.verdict = Verdict::kPass;
    return arrival;
  }
  const auto client = held_by_.find(syn.client.address);
  if (client == held_by_.end() || client->second.size() < limits_.held_per_client) return arrival;
  const auto oldest = flows_.at(*client->second.begin());
  if (now - oldest->second.since > kGivesWay)
    arrival.given_up = give_up(oldest, GivenUp::Why::kMakesWay);
  else
    arrival.what = What::kClientLimit;
  return arrival;
}

void HeldSyns::hold(const Syn& syn, PacketId packet, FlowId flow, Clock::time_point now) {
  const auto [at, added] =
      attempts_.try_emplace({syn.client, syn.destination}, Attempt{.sequence = syn.sequence, .packet = packet, .flow = flow, .since = now});
  flows_.emplace(flow, at);
  held_by_[syn.client.address].insert(flow);
  ++held_;
}

void HeldSyns::refuse_new(const Syn& syn, Verdict verdict, Clock::time_point now) {
  if (verdict == Verdict::kSilence || verdict == Verdict::kPass) return;
  const auto [at, added] = attempts_.try_emplace({syn.client, syn.destination}, Attempt{.verdict = verdict, .sequence = syn.sequence});
  remember(at, State::kRefused, now);
}

std::optional<HeldSyns::PacketId> HeldSyns::pass(FlowId flow, Clock::time_point now) {
  const auto found = flows_.find(flow);
  if (found == flows_.end() || found->second->second.state != State::kHeld) return std::nullopt;
  const auto at = found->second;
  leave(at);
  await_client(at, now);
  return at->second.packet;
}

std::optional<HeldSyns::PacketId> HeldSyns::refuse(FlowId flow, Verdict verdict, Clock::time_point now) {
  const auto found = flows_.find(flow);
  if (found == flows_.end()) return std::nullopt;
  const auto at = found->second;
  const bool held = at->second.state == State::kHeld;
  const Syn syn{at->first.client, at->first.destination, at->second.sequence};
  const PacketId packet = at->second.packet;
  forget(at);
  if (!held) return std::nullopt;
  refuse_new(syn, verdict, now);
  return packet;
}

std::optional<HeldSyns::FlowId> HeldSyns::claim(Attempts::iterator at, Clock::time_point now) {
  if (at->second.state != State::kPassed) return std::nullopt;
  leave(at);
  remember(at, State::kAccepted, now);
  return at->second.flow;
}

std::optional<HeldSyns::FlowId> HeldSyns::claim(const net::Endpoint& client, const net::Endpoint& destination, Clock::time_point now) {
  const auto found = attempts_.find({client, destination});
  return found == attempts_.end() ? std::nullopt : claim(found, now);
}

std::optional<HeldSyns::FlowId> HeldSyns::claim_oldest(const net::Address& client, const net::Endpoint& destination,
                                                       Clock::time_point now) {
  for (const auto& [order, at] : passed_)
    if (at->first.client.address == client && at->first.destination == destination) return claim(at, now);
  return std::nullopt;
}

std::vector<HeldSyns::FlowId> HeldSyns::expire(Clock::time_point now) {
  std::vector<FlowId> gone;
  while (!passed_.empty() && now - passed_.begin()->second->second.since > kPatience) {
    gone.push_back(passed_.begin()->second->second.flow);
    forget(passed_.begin()->second);
  }
  while (!remembered_.empty() && now - remembered_.begin()->second->second.since > kCopyMemory) forget(remembered_.begin()->second);
  return gone;
}

std::vector<HeldSyns::GivenUp> HeldSyns::clear() {
  std::vector<GivenUp> all;
  while (!flows_.empty()) all.push_back(give_up(flows_.begin()->second, GivenUp::Why::kCleared));
  attempts_.clear();
  remembered_.clear();
  return all;
}

}  // namespace dvpn::intercept
