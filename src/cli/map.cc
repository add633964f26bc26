// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/map.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/columns.h"
#include "cli/json.h"
#include "config/file.h"
#include "table/hosts_names.h"
#include "table/table.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;

struct LoadedTable {
  std::string content;
  Diagnostics diagnostics;
  table::Table table;
};

/// The table, with or without errors in it; nothing if the file cannot be read, which was said then.
std::optional<LoadedTable> load(const MapFiles& files, Form form, std::ostream& out, std::ostream& err) {
  auto content = config::read_file(files.table);
  if (!content) {
    refuse(content.error().text, form, out, err);
    return std::nullopt;
  }
  LoadedTable loaded{std::move(*content), Diagnostics(files.table), {}};
  loaded.table = table::Table::parse(loaded.content, loaded.diagnostics);
  return loaded;
}

/// As above, but nothing and its diagnostics printed if the table has errors.
std::optional<LoadedTable> load_valid(const MapFiles& files, Form form, std::ostream& out, std::ostream& err) {
  auto loaded = load(files, form, out, err);
  if (!loaded || !loaded->diagnostics.has_errors()) return loaded;
  refuse(loaded->diagnostics.render(), form, out, err);
  return std::nullopt;
}

bool inside(const std::vector<net::Prefix>& networks, const auto& what) {
  return std::ranges::any_of(networks, [&](const net::Prefix& network) { return network.contains(what); });
}

std::string_view name_of(table::Via via) { return via == table::Via::kRelay ? "relay" : "direct"; }

std::string_view name_of(table::Choose choose) {
  switch (choose) {
    case table::Choose::kPrefer:
      return "prefer";
    case table::Choose::kWeight:
      return "weight";
    case table::Choose::kLoad:
      return "load";
    case table::Choose::kRtt:
      return "rtt";
  }
  return "";
}

template <class List>
std::string joined(const List& list, char between, const auto& to_text) {
  std::string out;
  for (const auto& item : list) {
    if (!out.empty()) out += between;
    out += to_text(item);
  }
  return out;
}

std::string names(const table::Route& route) {
  return joined(route.names, ' ', [](std::string_view name) { return name; });
}

std::string gateways(const table::Route& route) {
  return joined(route.gateways, ',', [](const table::GatewaySpec& gateway) { return gateway.to_string(); });
}

/// As the table writes them, without the defaults.
std::string options(const table::Route& route) {
  std::vector<std::string> words;
  if (route.via != table::Via::kRelay) words.push_back(text("via=", name_of(route.via)));
  if (route.choose != table::Choose::kPrefer) words.push_back(text("choose=", name_of(route.choose)));
  if (!route.weights.empty())
    words.push_back("weights=" + joined(route.weights, ',', [](std::uint32_t weight) { return std::to_string(weight); }));
  if (route.map) words.push_back("map=" + route.map->to_string());
  return joined(words, ' ', [](const std::string& word) { return word; });
}

json to_json(const table::Route& route, const net::Prefix& prefix, bool own) {
  json out = {{"prefix", prefix.to_string()},
              {"line", route.line},
              {"address", route.address.to_string()},
              {"names", json::array()},
              {"gateways", json::array()},
              {"via", name_of(route.via)},
              {"choose", name_of(route.choose)},
              {"weights", route.weights},
              {"map", route.map ? json(route.map->to_string()) : json()},
              {"own", own}};
  for (const std::string_view name : route.names) out["names"].push_back(name);
  for (const table::GatewaySpec& gateway : route.gateways) out["gateways"].push_back(gateway.to_string());
  return out;
}

/// Each prefix once, in order; of routes with the same one, the one that serves it.
std::vector<std::pair<net::Prefix, const table::Route*>> by_prefix(const table::Table& table) {
  std::vector<std::pair<net::Prefix, const table::Route*>> out;
  for (const table::Route& route : table.routes())
    for (const net::Prefix& prefix : route.prefixes) out.emplace_back(prefix, &route);
  const auto prefix_of = [](const auto& pair) { return pair.first; };
  std::ranges::stable_sort(out, {}, prefix_of);
  const auto repeated = std::ranges::unique(out, {}, prefix_of);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

/// The answer for one address.
struct Found {
  net::Address address;
  std::optional<table::Match> match;
  bool own = false;
};

json to_json(const Found& found) {
  json out = {{"address", found.address.to_string()}, {"own", found.own}, {"route", nullptr}};
  if (!found.match) return out;
  out["route"] = to_json(*found.match->route, found.match->prefix, found.own);
  out["asks_for"] = found.match->route->translate(found.address).to_string();
  return out;
}

std::string to_text(const Found& found, const std::string& path) {
  const std::string address = found.address.to_string();
  if (found.own) return text(address, " is in the site's own networks: nothing carries it\n");
  if (!found.match) return text(address, " has no route in ", path, '\n');
  const table::Route& route = *found.match->route;
  Columns facts;
  facts.add({"prefix", found.match->prefix.to_string()});
  facts.add({"line", text(path, ':', route.line)});
  facts.add({"site", names(route)});
  facts.add({"gateways", gateways(route)});
  if (const std::string words = options(route); !words.empty()) facts.add({"options", words});
  if (route.map) facts.add({"asks for", route.translate(found.address).to_string()});
  return text(address, '\n', facts.render("  "));
}

}  // namespace

ExitCode map_lookup(const MapFiles& files, const std::string& what, Form form, std::ostream& out, std::ostream& err) {
  const auto loaded = load_valid(files, form, out, err);
  if (!loaded) return kNo;
  const auto address = net::Address::parse(what);
  const auto addresses = address ? std::vector{*address} : table::addresses_of(loaded->content, what);
  if (addresses.empty())
    return refuse(text("'", what, "' is neither an address nor a name in ", files.table), form, out, err);

  std::vector<Found> all;
  for (const net::Address& each : addresses)
    all.push_back({each, loaded->table.lookup(each), inside(files.own_networks, each)});
  if (form == Form::kJson) {
    json answer = {{"v", 1}, {"ok", true}, {"results", json::array()}};
    for (const Found& found : all) answer["results"].push_back(to_json(found));
    print(answer, out);
  } else {
    for (const Found& found : all) out << printable(to_text(found, files.table));
  }
  return std::ranges::all_of(all, [](const Found& found) { return found.match && !found.own; }) ? kOk : kNo;
}

ExitCode map_list(const MapFiles& files, Form form, std::ostream& out, std::ostream& err) {
  const auto loaded = load_valid(files, form, out, err);
  if (!loaded) return kNo;
  json rows = json::array();
  Columns columns({"PREFIX", "GATEWAYS", "OPTIONS", "SITE", "LINE"});
  for (const auto& [prefix, route_of] : by_prefix(loaded->table)) {
    const table::Route& route = *route_of;
    const bool own = inside(files.own_networks, prefix);
    if (form == Form::kJson)
      rows.push_back(to_json(route, prefix, own));
    else
      columns.add({prefix.to_string(), own ? "(own network)" : gateways(route), options(route), names(route),
                   std::to_string(route.line)});
  }
  if (form == Form::kJson)
    print({{"v", 1}, {"ok", true}, {"table", files.table}, {"routes", rows}}, out);
  else
    out << (loaded->table.routes().empty() ? text("no routes in ", files.table, '\n') : columns.render());
  return kOk;
}

ExitCode map_show(const MapFiles& files, const std::string& what, Form form, std::ostream& out, std::ostream& err) {
  const auto content = config::read_file(files.table);
  if (!content) return refuse(content.error().text, form, out, err);
  const auto lines = table::lines_of(*content, what);
  if (lines.empty())
    return refuse(what.empty() ? text(files.table, ": no line with an address") : text("'", what, "' stands in no line of ", files.table), form, out, err);
  json rows = json::array();
  for (const table::HostsLine& line : lines) {
    if (form == Form::kJson)
      rows.push_back({{"line", line.number}, {"text", line.text}});
    else
      out << printable(text(files.table, ':', line.number, ": ", line.text, '\n'));
  }
  if (form == Form::kJson) print({{"v", 1}, {"ok", true}, {"table", files.table}, {"lines", rows}}, out);
  return kOk;
}

ExitCode map_check(const MapFiles& files, Form form, std::ostream& out, std::ostream& err) {
  const auto loaded = load(files, form, out, err);
  if (!loaded) return kNo;
  const Diagnostics& said = loaded->diagnostics;
  const std::size_t routes = loaded->table.routes().size();
  const std::size_t prefixes = loaded->table.prefixes().size();
  if (form == Form::kJson) {
    json answer = {{"v", 1},           {"ok", !said.has_errors()},     {"table", files.table},
                   {"routes", routes}, {"prefixes", prefixes},         {"errors", said.errors()},
                   {"warnings", said.warnings()}, {"diagnostics", json::array()}};
    for (const Diagnostic& each : said.all())
      answer["diagnostics"].push_back({{"severity", each.severity == Severity::kError ? "error" : "warning"},
                                       {"line", each.line},
                                       {"column", each.column},
                                       {"message", each.message},
                                       {"source", each.source}});
    print(answer, out);
  } else {
    err << said.render();
    if (said.has_errors())
      err << text(files.table, ": not usable, ", said.errors(), said.errors() == 1 ? " error\n" : " errors\n");
    else
      out << text(files.table, ": in order, ", routes, routes == 1 ? " route, " : " routes, ", prefixes,
                  prefixes == 1 ? " prefix\n" : " prefixes\n");
  }
  return said.has_errors() ? kNo : kOk;
}

}  // namespace dvpn::cli
