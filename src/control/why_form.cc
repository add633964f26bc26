// SPDX-License-Identifier: GPL-2.0-or-later
// The call `why` and its answer as JSON.
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/units.h"
#include "control/why.h"

namespace dvpn::control {

namespace {

using nlohmann::ordered_json;

/// A host and a port, if there is one. An IPv6 address without brackets has none.
struct Place {
  std::string host;
  std::string port;
};

Place split(const std::string& words) {
  if (words.starts_with('[')) {
    const std::size_t bracket = words.find(']');
    if (bracket == std::string::npos) return {words, {}};
    const std::string rest = words.substr(bracket + 1);
    if (rest.empty() || rest.starts_with(':')) return {words.substr(1, bracket - 1), rest.empty() ? rest : rest.substr(1)};
    return {words, {}};
  }
  const std::size_t colon = words.find(':');
  if (colon == std::string::npos || words.find(':', colon + 1) != std::string::npos) return {words, {}};
  return {words.substr(0, colon), words.substr(colon + 1)};
}

std::string_view protocol_name(wire::Kind protocol) {
  if (protocol == wire::Kind::kUdp) return "udp";
  return protocol == wire::Kind::kEcho ? "ping" : "tcp";
}

std::string_view state_name(Step::State state) {
  constexpr std::array<std::string_view, 3> kNames = {"ok", "note", "stop"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace

std::expected<WhyCall, std::string> parse_why(const std::string& line) {
  const auto object = ordered_json::parse(line, nullptr, false);
  if (!object.is_object()) return std::unexpected("not a JSON object on one line");
  WhyCall call;
  for (const auto& [key, value] : object.items()) {
    if (key == "v" || key == "call") continue;
    if (key == "connect" && value.is_boolean()) {
      call.connect = value.get<bool>();
      continue;
    }
    if (value.is_null() && key == "from") continue;
    if (!value.is_string()) return std::unexpected(text("\"", key, "\" is not known, or has no value of its kind"));
    const std::string words = value.get<std::string>();
    if (key == "destination") {
      call.destination = words;
    } else if (key == "from") {
      call.from = net::Address::parse(words);
      if (!call.from) return std::unexpected(text("'", words, "' is no address of a client"));
    } else if (key == "protocol" && (words == "tcp" || words == "udp" || words == "ping")) {
      call.protocol = words == "tcp" ? wire::Kind::kTcp : words == "udp" ? wire::Kind::kUdp : wire::Kind::kEcho;
    } else {
      return std::unexpected(text("\"", key, "\" is not known, or '", words, "' is no value of it"));
    }
  }
  if (call.destination.empty()) return std::unexpected("\"destination\" is missing");
  if (call.connect && call.protocol != wire::Kind::kTcp) return std::unexpected("only TCP can be tried with a connection");
  return call;
}

std::expected<net::Endpoint, std::string> why_destination(const WhyCall& call, const table::Table& table) {
  const Place place = split(call.destination);
  net::Endpoint out;
  if (!place.port.empty() || call.destination.ends_with(':')) {
    const auto port = parse_unsigned(place.port, 65535);
    if (!port || *port == 0) return std::unexpected(text("'", place.port, "' is no port (1..65535)"));
    out.port = static_cast<net::Port>(*port);
  }
  if (call.protocol == wire::Kind::kEcho) out.port = 0;
  if (call.connect && out.port == 0) return std::unexpected("a connection needs a port: DEST:PORT");
  auto address = net::Address::parse(place.host);
  for (const table::Route& route : table.routes()) {
    if (address) break;
    for (const std::string_view name : route.names)
      if (name == place.host) address = route.address;
  }
  if (!address) return std::unexpected(text("'", place.host, "' is neither an address nor a name in a line with a route; dvpn map lookup knows all names"));
  if (call.from && call.from->family() != address->family())
    return std::unexpected(text("the client ", call.from->to_string(), " and ", address->to_string(), " are of different families"));
  out.address = *address;
  return out;
}

std::string why_answer(const WhyFacts& facts, const Why& why) {
  const bool has_port = facts.destination.port != 0;
  const auto match = facts.snapshot->table.lookup(facts.destination.address);
  ordered_json answer = {{"v", 1},
                         {"ok", true},
                         {"carried", why.carried},
                         {"stops_at", why.carried ? ordered_json(nullptr) : ordered_json(why.steps.back().name)},
                         {"sentence", why.sentence},
                         {"destination", has_port ? facts.destination.to_string() : facts.destination.address.to_string()},
                         {"protocol", protocol_name(facts.call.protocol)},
                         {"from", facts.call.from ? ordered_json(facts.call.from->to_string()) : ordered_json(nullptr)},
                         {"line", match ? ordered_json(match->route->line) : ordered_json(nullptr)},
                         {"asks_for", match ? ordered_json(match->route->translate(facts.destination.address).to_string()) : ordered_json(nullptr)},
                         {"gateway", facts.far && !facts.far->gateway.empty() ? ordered_json(facts.far->gateway) : ordered_json(nullptr)},
                         {"steps", ordered_json::array()}};
  for (const Step& step : why.steps) answer["steps"].push_back({{"step", step.name}, {"state", state_name(step.state)}, {"text", step.text}});
  return answer.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace dvpn::control
