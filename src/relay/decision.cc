// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/decision.h"

#include <algorithm>

namespace dvpn::relay {

namespace {

wire::Answer hello(std::uint32_t features) {
  return {.status = wire::Status::kOk,
          .versions = wire::Versions{},
          .features = features,
          .software = "dvpn-relay " DVPN_VERSION,
          .clock = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
}

std::uint32_t feature_of(config::Protocol protocol) {
  switch (protocol) {
    case config::Protocol::kTcp: return wire::kFeatureTcp;
    case config::Protocol::kUdp: return wire::kFeatureUdp;
    case config::Protocol::kPing: return wire::kFeatureEcho;
  }
  return 0;
}

}  // namespace

config::Protocol protocol_of(wire::Kind kind) {
  if (kind == wire::Kind::kUdp) return config::Protocol::kUdp;
  return kind == wire::Kind::kEcho ? config::Protocol::kPing : config::Protocol::kTcp;
}

wire::Answer no(wire::Status status) { return {.status = status}; }

wire::Answer no(wire::Limit limit) { return {.status = wire::Status::kLimit, .limit = limit}; }

wire::Answer unsupported(std::uint32_t features) {
  return {.status = wire::Status::kUnsupported, .versions = wire::Versions{}, .features = features};
}

Decision decide(const std::expected<wire::Request, wire::Status>& request, uid_t caller, const AccessList& access,
                std::uint32_t features, std::chrono::milliseconds connect_timeout) {
  using wire::Kind;
  if (!request)
    return {.open = {}, .answer = request.error() == wire::Status::kUnsupported ? unsupported(features) : no(request.error())};
  if (request->kind == Kind::kHello) return {.open = {}, .answer = hello(features)};
  const bool only_asks = request->kind == Kind::kWouldAllow;
  Opening opening;
  opening.protocol = protocol_of(only_asks ? request->about.value_or(Kind::kTcp) : request->kind);
  opening.target = *request->target;
  if (opening.protocol == config::Protocol::kPing) opening.target.port = 0;
  if ((features & feature_of(opening.protocol)) == 0) return {.open = {}, .answer = unsupported(features)};
  const bool reaches = access.reaches(caller, opening.protocol, opening.target);
  const auto source = access.allows(caller, {opening.protocol, opening.target, request->client});
  if (!source && !(only_asks && reaches && !request->client))
    return {.open = {}, .answer = no(wire::Status::kProhibited), .is_about_the_client = reaches};
  if (only_asks) return {.open = {}, .answer = no(wire::Status::kOk)};
  if (source == config::Source::kClient) {
    opening.source = request->client;
    if (opening.protocol == config::Protocol::kPing) opening.source->port = 0;
  }
  opening.deadline =
      std::clamp(request->deadline.value_or(connect_timeout), std::chrono::milliseconds(1), connect_timeout);
  return {.open = opening, .answer = {}};
}

}  // namespace dvpn::relay
