// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/flow_options.h"

#include "net/address.h"

namespace dvpn::cli {

namespace {

constexpr unsigned kMostFlows = 10'000;  // as the daemon has it

std::string check_prefix(const std::string& word) {
  if (net::Prefix::parse(word)) return {};
  return "'" + word + "' is no address, and no prefix without host bits, like 10.0.31.0/24";
}

}  // namespace

void FlowOptions::add_to(CLI::App& command) {
  using Words = std::vector<std::string>;
  command.add_option("--from", from, "Of this client, or of clients in this prefix")->check(check_prefix);
  command.add_option("--to", to, "To this destination, or into this prefix")->check(check_prefix);
  command.add_option("--port", port, "To this port")->check(CLI::Range(1u, 65535u));
  command.add_option("--gateway", gateway, "Through this gateway, or by the line of the table that has this name");
  command.add_option("--protocol", protocol, "tcp, udp or ping")->check(CLI::IsMember(Words{"tcp", "udp", "ping"}));
  command.add_option("--state", state, "opening, open or closing")->check(CLI::IsMember(Words{"opening", "open", "closing"}));
  command.add_option("--sort", sort, "By id, age (youngest first), bytes or rate (most first)")->check(CLI::IsMember(Words{"id", "age", "bytes", "rate"}));
  command.add_option("--limit", limit, "So many at most (1000)")->check(CLI::Range(1u, kMostFlows));
}

nlohmann::json FlowOptions::request() const {
  nlohmann::json call = {{"call", "flows"}};
  const auto add = [](nlohmann::json& object, const char* key, const std::string& value) {
    if (!value.empty()) object[key] = value;
  };
  nlohmann::json filter = nlohmann::json::object();
  add(filter, "from", from);
  add(filter, "to", to);
  add(filter, "gateway", gateway);
  add(filter, "protocol", protocol);
  add(filter, "state", state);
  if (port > 0) filter["port"] = port;
  if (!filter.empty()) call["filter"] = filter;
  add(call, "sort", sort);
  if (limit > 0) call["limit"] = limit;
  return call;
}

}  // namespace dvpn::cli
