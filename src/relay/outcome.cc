// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/outcome.h"

#include "base/text.h"

namespace dvpn::relay {

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFinished: return "finished";
    case Outcome::kTargetReset: return "reset by the target";
    case Outcome::kChannelReset: return "reset by the gateway";
    case Outcome::kChannelBroken: return "channel broken off";
    case Outcome::kProtocolError: return "protocol error";
    case Outcome::kShutDown: return "shut down";
    case Outcome::kAnswered: return "answered";
    case Outcome::kRefused: return "refused";
    case Outcome::kSpareClosed: return "closed unused";
    case Outcome::kSpareExpired: return "unused for too long";
    case Outcome::kRequestBroken: return "broken off in the request";
    case Outcome::kGivenUp: return "given up while connecting";
    case Outcome::kIdle: return "idle";
  }
  return "unknown";
}

std::string Counters::to_text() const {
  std::string out = text("accepted ", accepted);
  const auto add = [&out](std::string_view what, std::uint64_t number) {
    if (number > 0) out += text("; ", what, ' ', number);
  };
  for (std::size_t i = 0; i < ended.size(); ++i) add(relay::to_text(static_cast<Outcome>(i)), ended[i]);
  for (std::size_t i = 0; i < answers.size(); ++i)
    add(text("answer '", wire::to_text(static_cast<wire::Status>(i)), '\''), answers[i]);
  add("limit of flows", limit_flows);
  add("limit of an account", limit_account);
  add("limit of spares", limit_spares);
  add("accept paused", accept_pauses);
  add("bytes up", bytes_up);
  add("bytes down", bytes_down);
  add("with the client's address", client_flows);
  add("udp flows", udp_flows);
  add("ping flows", ping_flows);
  add("datagrams up", datagrams_up);
  add("datagrams down", datagrams_down);
  add("datagrams dropped up", dropped_up);
  add("datagrams dropped down", dropped_down);
  add("unreachable", unreachable);
  return out;
}

}  // namespace dvpn::relay
