// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/ledger.h"

namespace dvpn::flow {

namespace {

gateway::Traffic moved(const Flow& flow) { return {flow.bytes_up, flow.bytes_down}; }

}  // namespace

void Ledger::note_opening(Flow& flow) {
  if (flow.opening_noted || flow.carrier == nullptr || flow.opened == Flow::Clock::time_point{}) return;
  flow.opening_noted = true;
  pages_[flow.carrier].open_times.note(std::chrono::duration_cast<gateway::OpenTimes::Time>(flow.opened - flow.begun));
}

void Ledger::measure(const Flows& flows, Flow::Clock::time_point now) {
  const std::chrono::duration<double> elapsed = now - measured_;
  if (elapsed < std::chrono::milliseconds(100)) return;  // too short to tell
  measured_ = now;
  std::unordered_map<const gateway::Gateway*, gateway::Traffic> open;
  for (const auto& [id, flow] : flows) {
    note_opening(*flow);
    flow->pace.measure(moved(*flow), elapsed);
    if (flow->carrier != nullptr) open[flow->carrier] += moved(*flow);
  }
  for (const auto& [gateway, traffic] : open) pages_.try_emplace(gateway);
  for (auto& [gateway, page] : pages_) {
    gateway::Traffic total = page.ended;
    if (const auto found = open.find(gateway); found != open.end()) total += found->second;
    page.pace.measure(total, elapsed);
  }
}

void Ledger::ended(Flow& flow) {
  note_opening(flow);
  if (flow.carrier != nullptr) pages_[flow.carrier].ended += moved(flow);
}

std::unordered_map<const gateway::Gateway*, gateway::Usage> Ledger::usage(const Flows& flows) const {
  std::unordered_map<const gateway::Gateway*, gateway::Usage> out;
  for (const auto& [gateway, page] : pages_) out[gateway] = {page.ended, page.pace.rate(), page.open_times};
  for (const auto& [id, flow] : flows)
    if (flow->carrier != nullptr) out[flow->carrier].bytes += moved(*flow);
  return out;
}

}  // namespace dvpn::flow
