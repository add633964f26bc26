// SPDX-License-Identifier: GPL-2.0-or-later
// Reading a table: each line on its own first, then what holds between lines.
#include "table/table.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "table/line.h"

namespace dvpn::table {

namespace {

/// A prefix with the place where it was written, while the table is being read.
struct Claim {
  net::Prefix prefix;
  std::uint32_t route;
  std::string_view place;  ///< in the file's content
};

bool same_service(const Route& a, const Route& b) {
  return std::tie(a.gateways, a.via, a.choose, a.weights, a.map) ==
         std::tie(b.gateways, b.via, b.choose, b.weights, b.map);
}

/// How much room the routes will need, so that nothing moves or is left over.
struct Survey {
  std::size_t routes = 0;      ///< at most
  std::size_t name_bytes = 0;  ///< at most
};

template <class Visit>
void each_line(std::string_view content, const Visit& visit) {
  for (std::size_t number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view line = content.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(number, line);
    content.remove_prefix(std::min(end + 1, content.size()));
  }
}

Survey survey(std::string_view content) {
  Survey out;
  each_line(content, [&](std::size_t, std::string_view line) {
    const std::size_t hash = line.find('#');
    if (hash == std::string_view::npos || hash == 0 || line.substr(hash, 2) != "#!") return;
    const std::string_view front = line.substr(0, hash);
    const std::size_t blank = front.find_first_of(Words::kBlanks, front.find_first_not_of(Words::kBlanks));
    const std::size_t names = front.find_first_not_of(Words::kBlanks, blank);
    if (names == std::string_view::npos) return;
    ++out.routes;
    out.name_bytes += front.find_last_not_of(Words::kBlanks) + 1 - names;
  });
  return out;
}

/// What holds between lines, found in one walk over the sorted prefixes with a stack of those around.
class Relations {
 public:
  Relations(std::string_view content, const std::vector<Route>& routes, Diagnostics& diagnostics)
      : content_(content), routes_(routes), diagnostics_(diagnostics) {}

  /// `claims` are sorted by prefix, equal ones by route.
  void check(const std::vector<Claim>& claims) {
    std::vector<const Claim*> around;
    for (const Claim& claim : claims) {
      while (!around.empty() && !around.back()->prefix.contains(claim.prefix)) around.pop_back();
      if (!around.empty()) compare(*around.back(), claim);
      if (around.empty() || around.back()->prefix != claim.prefix) around.push_back(&claim);
    }
  }

 private:
  void compare(const Claim& outer, const Claim& inner) {
    const Route& first = routes_[outer.route];
    const Route& second = routes_[inner.route];
    if (same_service(first, second)) return;
    if (outer.prefix == inner.prefix)
      report(second, inner.place, Severity::kError,
             text("prefix ", inner.prefix.to_string(), " is already in line ", first.line,
                  ", with other gateways or options"));
    else if (second.default_prefix && outer.route != inner.route)
      report(second, inner.place, Severity::kWarning,
             text("the default prefix ", inner.prefix.to_string(), " cuts into ", outer.prefix.to_string(), " of line ",
                  first.line, "; write the prefix if that is meant"));
  }

  void report(const Route& route, std::string_view place, Severity severity, std::string message) {
    const auto offset = static_cast<std::size_t>(place.data() - content_.data());
    const std::size_t before = content_.substr(0, offset).rfind('\n');
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    std::string_view line = content_.substr(start, content_.find('\n', start) - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    LineReport lines(line, route.line, diagnostics_);
    if (severity == Severity::kError)
      lines.error(place, std::move(message));
    else
      lines.warning(place, std::move(message));
  }

  std::string_view content_;
  const std::vector<Route>& routes_;
  Diagnostics& diagnostics_;
};

}  // namespace

net::Address Route::translate(const net::Address& original) const {
  if (!map) return original;
  net::Address::Bytes bytes = original.bytes();
  const net::Address::Bytes& target = map->address().bytes();
  for (unsigned bit = 0; bit < map->length(); bit += 8) {
    const unsigned kept = std::min(map->length() - bit, 8u);  // bits of this byte that the prefix gives
    const auto host = static_cast<std::uint8_t>(0xffu >> kept);
    bytes[bit / 8] = static_cast<std::uint8_t>(target[bit / 8] | (bytes[bit / 8] & host));
  }
  return *net::Address::from_bytes({reinterpret_cast<const char*>(bytes.data()), original.width() / 8});
}

Table Table::parse(std::string_view content, Diagnostics& diagnostics) {
  const Survey room = survey(content);
  auto names = std::make_shared<std::string>();
  names->reserve(room.name_bytes);  // routes look into it, so it never moves
  Table table;
  table.routes_.reserve(room.routes);
  std::vector<Claim> claims;
  claims.reserve(room.routes);
  std::vector<std::string_view> places;

  each_line(content, [&](std::size_t number, std::string_view line) {
    LineReport report(line, number, diagnostics);
    const auto marked = find_marker(report);
    if (!marked) return;
    places.clear();
    auto route = parse_route(*marked, places, report);
    if (!route) return;
    const std::size_t start = names->size();
    *names += marked->names;
    route->names = Words(std::string_view(*names).substr(start));
    route->prefixes.shrink_to_fit();
    const auto index = static_cast<std::uint32_t>(table.routes_.size());
    for (std::size_t i = 0; i < places.size(); ++i) claims.push_back({route->prefixes[i], index, places[i]});
    table.routes_.push_back(std::move(*route));
  });

  std::ranges::stable_sort(claims, {}, &Claim::prefix);
  Relations(content, table.routes_, diagnostics).check(claims);
  diagnostics.sort();

  std::vector<PrefixMap::Entry> entries;
  entries.reserve(claims.size());
  for (const Claim& claim : claims) entries.push_back({claim.prefix, claim.route});
  table.map_ = PrefixMap(std::move(entries));
  table.names_ = std::move(names);
  return table;
}

std::optional<Match> Table::lookup(const net::Address& address) const {
  const auto entry = map_.lookup(address);
  if (!entry) return std::nullopt;
  return Match{&routes_[entry->value], entry->prefix};
}

std::vector<net::Prefix> Table::prefixes() const {
  std::vector<net::Prefix> out;
  out.reserve(routes_.size());
  for (const Route& route : routes_) out.insert(out.end(), route.prefixes.begin(), route.prefixes.end());
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

}  // namespace dvpn::table
