// SPDX-License-Identifier: GPL-2.0-or-later
// The call `probe`: every gateway that it names is asked at once, over a session as a flow would have it.
#include "programs/daemon.h"

namespace dvpn {

namespace {

/// For each; `dvpn` waits longer.
constexpr auto kProbeTime = std::chrono::seconds(8);

}  // namespace

net::Task<> Daemon::probe_one(flow::SnapshotPtr snapshot, control::ProbeOutcome& outcome) {
  // A route of this one gateway: other lines may have others that would be tried first.
  table::Route route;
  route.gateways = {outcome.gateway->spec};
  wire::Request hello;
  flow::FarQuestion question{.snapshot = snapshot, .route = &route, .request = std::move(hello), .within = kProbeTime};
  auto asking = ask_route(std::move(question));
  flow::FarAnswer answer = co_await std::move(asking);
  outcome.answer = std::move(answer);
}

net::Task<std::string> Daemon::probe(std::string line) {
  const auto names = control::parse_probe(line);
  if (!names) co_return control::error_answer(names.error());
  const flow::SnapshotPtr snapshot = snapshot_;
  std::vector<control::ProbeOutcome> outcomes;
  for (const std::string& name : *names) outcomes.push_back({.name = name, .gateway = control::find_gateway(snapshot->table, name), .answer = {}});
  net::TaskGroup asked(context_.get_executor());
  for (control::ProbeOutcome& outcome : outcomes)
    if (outcome.gateway && outcome.gateway->via == table::Via::kRelay) asked.spawn(probe_one(snapshot, outcome));
  co_await asked.join();
  co_return control::probe_answer(outcomes);
}

}  // namespace dvpn
