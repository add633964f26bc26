// SPDX-License-Identifier: GPL-2.0-or-later
#include "table/line.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "net/site_prefix.h"
#include "table/gateway_spec.h"
#include "table/options.h"

namespace dvpn::table {

namespace {

/// The parts of a list between its commas.
std::vector<std::string_view> split_commas(std::string_view word) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t comma = word.find(',');
    out.push_back(word.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    word.remove_prefix(comma + 1);
  }
}

class RouteParser {
 public:
  RouteParser(const MarkedLine& marked, std::vector<std::string_view>& places, LineReport& report)
      : marked_(marked), places_(places), report_(report), options_(report) {}

  std::optional<Route> parse() {
    const Words words(marked_.behind);
    if (words.empty()) {
      report_.error(marked_.marker, "no gateway follows the marker");
      return std::nullopt;
    }
    route_.line = report_.number();
    route_.address = marked_.address;
    route_.names = Words(marked_.names);
    for (const std::string_view word : words) {
      if (!check_commas(word)) return std::nullopt;  // what follows would only be misread
      read(word);
    }
    if (report_.failed()) return std::nullopt;
    if (route_.prefixes.empty()) add_default_prefix();
    options_.finish(route_);
    if (report_.failed()) return std::nullopt;
    warn_address_outside();
    return std::move(route_);
  }

 private:
  bool check_commas(std::string_view word) {
    if (!word.starts_with(',') && !word.ends_with(',')) return true;
    report_.error(word, "no space can stand beside a comma");
    return false;
  }

  void read(std::string_view word) {
    const bool has_slash = word.find('/') != std::string_view::npos;
    if (word.find('=') != std::string_view::npos)
      read_option(word);
    else if (has_slash)
      read_prefix(word);
    else if (!have_gateways_)
      read_gateways(word);
    else
      refuse_stray(word);
  }

  void read_gateways(std::string_view word) {
    have_gateways_ = true;
    const std::vector<std::string_view> parts = split_commas(word);
    route_.gateways.reserve(parts.size());
    for (const std::string_view part : parts) {
      if (part.empty()) {
        report_.error(word, "a gateway is missing between two commas");
        continue;
      }
      auto gateway = parse_gateway(part, report_);
      if (!gateway) continue;
      if (std::ranges::find(route_.gateways, *gateway) != route_.gateways.end())
        report_.error(part, text("gateway ", gateway->to_string(), " is listed twice"));
      else
        route_.gateways.push_back(std::move(*gateway));
    }
  }

  void read_prefix(std::string_view word) {
    if (!expect_gateways(word)) return;
    if (word.find(',') != std::string_view::npos) {
      report_.error(word, "prefixes are separated by spaces, not by commas");
      return;
    }
    if (options_.any()) report_.error(word, "prefixes stand before the options");
    const auto prefix = net::parse_site_prefix(word);
    if (!prefix)
      report_.error(word, prefix.error());
    else if (std::ranges::find(route_.prefixes, *prefix) != route_.prefixes.end())
      report_.error(word, text("prefix ", prefix->to_string(), " is listed twice"));
    else
      add_prefix(*prefix, word);
  }

  void read_option(std::string_view word) {
    if (expect_gateways(word)) options_.read(word);
  }

  bool expect_gateways(std::string_view word) {
    if (!have_gateways_) report_.error(word, "a gateway has to come first behind the marker");
    const bool had_gateways = std::exchange(have_gateways_, true);  // say so once
    return had_gateways;
  }

  void refuse_stray(std::string_view word) {
    if (const auto address = net::Address::parse(word))
      report_.error(word, text("'", word, "' is no prefix: one address alone is ", word, '/', address->width(),
                               "; further gateways follow a comma, without a space"));
    else
      report_.error(word, text("'", word, "' is neither a prefix nor an option; further gateways follow a comma, ",
                               "without a space"));
  }

  void add_prefix(const net::Prefix& prefix, std::string_view place) {
    route_.prefixes.push_back(prefix);
    places_.push_back(place);
  }

  void add_default_prefix() {
    constexpr unsigned kLength4 = 24;
    constexpr unsigned kLength6 = 64;
    const net::Prefix block = net::Prefix::around(route_.address, route_.address.is_ipv4() ? kLength4 : kLength6);
    route_.default_prefix = true;
    if (const std::string_view why = net::why_no_site_prefix(block); !why.empty())
      report_.error(marked_.address_word,
                    text("no prefix is written, and ", block.to_string(), " cannot be used: ", why));
    else
      add_prefix(block, marked_.address_word);
  }

  void warn_address_outside() {
    const bool inside = std::ranges::any_of(
        route_.prefixes, [&](const net::Prefix& prefix) { return prefix.contains(route_.address); });
    if (!inside)
      report_.warning(marked_.address_word, text(marked_.address_word, " is in none of its line's prefixes"));
  }

  const MarkedLine& marked_;
  std::vector<std::string_view>& places_;
  LineReport& report_;
  OptionParser options_;
  Route route_;
  bool have_gateways_ = false;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(Words::kBlanks);
  if (first == std::string_view::npos) return text.substr(0, 0);
  return text.substr(first, text.find_last_not_of(Words::kBlanks) - first + 1);
}

}  // namespace

std::optional<MarkedLine> find_marker(LineReport& report) {
  const std::string_view line = report.line();
  const std::size_t hash = line.find('#');
  if (hash == std::string_view::npos || line.substr(hash, 2) != "#!") return std::nullopt;
  const std::string_view front = trimmed(line.substr(0, hash));
  if (front.empty()) return std::nullopt;

  MarkedLine marked;
  marked.marker = line.substr(hash, 2);
  marked.address_word = Words(front).front();
  marked.names = trimmed(front.substr(marked.address_word.size()));
  const auto address = net::Address::parse(marked.address_word);
  if (!address || marked.names.empty()) {
    report.warning(marked.marker, address ? "no route: '#!' counts behind an address and a name, and there is no name"
                                          : text("no route: '#!' counts behind an address and a name, and '",
                                                 marked.address_word, "' is no address"));
    return std::nullopt;
  }
  marked.address = *address;
  marked.behind = line.substr(hash + 2);
  marked.behind = marked.behind.substr(0, marked.behind.find('#'));
  return marked;
}

std::optional<Route> parse_route(const MarkedLine& marked, std::vector<std::string_view>& places, LineReport& report) {
  const auto control = std::ranges::find_if(report.line(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
  if (control != report.line().end()) {
    const auto offset = static_cast<std::size_t>(control - report.line().begin());
    report.error(report.line().substr(offset, 1), "a line with a route has no control characters in it");
    return std::nullopt;
  }
  if (report.line().size() > Table::kLongestLine) {
    report.error(marked.marker, text("a line with a route is ", Table::kLongestLine, " bytes long at most"));
    return std::nullopt;
  }
  return RouteParser(marked, places, report).parse();
}

}  // namespace dvpn::table
