// SPDX-License-Identifier: GPL-2.0-or-later
// The call `probe`: whether gateways of the table can be used, each asked as a flow would ask it. Its form alone, pure; the asking is
// flow/far_question's. `dvpn check` makes it.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "flow/far_question.h"
#include "flow/snapshot.h"

namespace dvpn::control {

/// In one call. They are asked at once.
inline constexpr std::size_t kMostProbed = 16;

/// The gateways that a call {"v":1,"call":"probe","gateways":["203.0.113.9"]} names, or the sentence that refuses it.
std::expected<std::vector<std::string>, std::string> parse_probe(const std::string& line);

/// A gateway of the table by its name there, with the `via` of the first line that has it; nothing if no line has it.
struct Probed {
  table::GatewaySpec spec;
  table::Via via = table::Via::kRelay;
};
std::optional<Probed> find_gateway(const table::Table& table, const std::string& name);

/// What became of one: of a gateway that is in no line, just the name.
struct ProbeOutcome {
  std::string name;
  std::optional<Probed> gateway;
  flow::FarAnswer answer;  ///< of a hello; empty with via=direct, where there is nobody to ask but targets
};

std::string probe_answer(const std::vector<ProbeOutcome>& outcomes);

}  // namespace dvpn::control
