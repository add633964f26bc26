// SPDX-License-Identifier: GPL-2.0-or-later
// Why a destination is, or is not, carried: the way of a flow, stop by stop, with a sentence that says where it ends and what
// to do. Pure: from what the daemon knows, and what a relay answered, to text. The form of the answer is in dvpn(1).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "flow/far_question.h"
#include "flow/snapshot.h"
#include "intercept/address_sets.h"

namespace dvpn::control {

/// {"v":1,"call":"why","destination":"10.0.33.9:445","from":"10.0.31.5","protocol":"tcp","connect":false}
struct WhyCall {
  std::string destination;  ///< ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT, or the same with a name of the table
  std::optional<net::Address> from{};
  wire::Kind protocol = wire::Kind::kTcp;  ///< tcp, udp or echo
  bool connect = false;                    ///< the target itself may be tried
};

/// The call, or the sentence that refuses it.
std::expected<WhyCall, std::string> parse_why(const std::string& line);

/// What is asked about. Port 0: none was given.
std::expected<net::Endpoint, std::string> why_destination(const WhyCall& call, const table::Table& table);

/// What to do about a gateway that could not be used.
std::string gateway_remedy(flow::EndReason reason, const std::string& gateway);

/// What is known, in the order of the way.
struct WhyFacts {
  WhyCall call;
  net::Endpoint destination;
  flow::SnapshotPtr snapshot;
  intercept::SetState sets = intercept::SetState::kOff;
  std::optional<std::string> sets_error;
  std::optional<std::string> gate_error;
  std::size_t flows = 0;    ///< of the protocol
  bool caught_here = true;  ///< this daemon catches the protocol
  std::vector<gateway::Stats> gateways;      ///< of those that have been used
  std::optional<flow::FarAnswer> far;        ///< once a relay, or a target, was asked
  std::optional<flow::FarAnswer> for_anyone; ///< the same without --from, after a relay said that it is prohibited
};

struct Step {
  std::string name;
  enum class State : std::uint8_t { kOk, kNote, kStop } state;
  std::string text;
};

struct Why {
  bool carried = false;
  std::vector<Step> steps;  ///< the last one is the stop, if there is one
  std::string sentence;
};

/// Follows the destination as far as the facts reach. Without `far` that is up to the gateway.
Why explain(const WhyFacts& facts);

/// What is to be asked of the far side; nothing: it stops before, or there is nobody that could be asked.
std::optional<wire::Request> far_request(const WhyFacts& facts);

std::string why_answer(const WhyFacts& facts, const Why& why);

}  // namespace dvpn::control
