// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/decision.h"

#include <algorithm>

namespace dvpn::relay {

namespace {

constexpr std::uint32_t kFeatures = wire::kFeatureTcp | wire::kFeatureWouldAllow;

wire::Answer hello() {
  return {.status = wire::Status::kOk,
          .versions = wire::Versions{},
          .features = kFeatures,
          .software = "dvpn-relay " DVPN_VERSION};
}

}  // namespace

wire::Answer no(wire::Status status) {
  wire::Answer answer{.status = status};
  if (status == wire::Status::kUnsupported) {
    answer.versions = wire::Versions{};
    answer.features = kFeatures;
  }
  return answer;
}

Decision decide(const std::expected<wire::Request, wire::Status>& request, uid_t caller, const AccessList& access,
                std::chrono::milliseconds connect_timeout) {
  if (!request) return {.answer = no(request.error())};
  switch (request->kind) {
    case wire::Kind::kHello: return {.answer = hello()};
    case wire::Kind::kUdp:
    case wire::Kind::kEcho: return {.answer = no(wire::Status::kUnsupported)};
    case wire::Kind::kTcp:
    case wire::Kind::kWouldAllow: break;
  }
  if (!access.allows(caller, *request->target)) return {.answer = no(wire::Status::kProhibited)};
  if (request->kind == wire::Kind::kWouldAllow) return {.answer = no(wire::Status::kOk)};
  const auto wish = request->deadline.value_or(connect_timeout);
  return {.connect = true, .answer = {}, .deadline = std::clamp(wish, std::chrono::milliseconds(1), connect_timeout)};
}

}  // namespace dvpn::relay
