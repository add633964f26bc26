// SPDX-License-Identifier: GPL-2.0-or-later
#include "table/options.h"

#include <algorithm>

#include "base/spelling.h"
#include "base/text.h"
#include "base/units.h"
#include "net/site_prefix.h"

namespace dvpn::table {

namespace {

constexpr std::array<std::string_view, 4> kNames = {"via", "choose", "weights", "map"};
constexpr std::array<std::string_view, 2> kVias = {"relay", "direct"};                        // in Via's order
constexpr std::array<std::string_view, 4> kChooses = {"prefer", "weight", "load", "rtt"};  // in Choose's order

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view nearest = nearest_word(word, known);
  return nearest.empty() ? std::string() : text("; did you mean '", nearest, "'?");
}

/// Which of `known` the value is; reports one that is none of them.
template <std::size_t N>
std::optional<std::uint8_t> one_of(const std::array<std::string_view, N>& known, std::string_view value,
                                   LineReport& report) {
  const auto found = std::ranges::find(known, value);
  if (found != known.end()) return static_cast<std::uint8_t>(found - known.begin());
  std::string all;
  for (const std::string_view word : known) all += text(all.empty() ? "" : ", ", word);
  report.error(value, text("'", value, "' is none of ", all, did_you_mean(value, known)));
  return std::nullopt;
}

}  // namespace

void OptionParser::read(std::string_view word) {
  any_ = true;
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) {
    report_.error(name.empty() ? word : name, text("unknown option '", name, "'", did_you_mean(name, kNames)));
    return;
  }
  const auto key = static_cast<Key>(found - kNames.begin());
  if (!words_[key].empty())
    report_.error(word, text("option ", name, "= is given twice"));
  else if (value.empty())
    report_.error(word, text("option ", name, "= has no value"));
  else
    read_value(key, value);
  words_[key] = word;
}

void OptionParser::read_value(Key key, std::string_view value) {
  switch (key) {
    case kVia:
      if (const auto index = one_of(kVias, value, report_)) via_ = static_cast<Via>(*index);
      return;
    case kChoose:
      if (const auto index = one_of(kChooses, value, report_)) choose_ = static_cast<Choose>(*index);
      return;
    case kWeights:
      return read_weights(value);
    case kMap:
      if (const auto prefix = net::parse_site_prefix(value))
        map_ = *prefix;
      else
        report_.error(value, prefix.error());
      return;
    case kKeys:
      return;
  }
}

void OptionParser::read_weights(std::string_view value) {
  constexpr std::uint64_t kHighest = 1000;
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view digits = value.substr(0, comma);
    const auto weight = parse_unsigned(digits, kHighest);
    if (!weight || *weight == 0)
      report_.error(digits.empty() ? value : digits, text("weight '", digits, "' is no number from 1 to ", kHighest));
    else
      weights_.push_back(static_cast<std::uint32_t>(*weight));
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

void OptionParser::finish(Route& route) {
  check_weights(route);
  check_map(route);
  route.via = via_;
  route.choose = choose_;
  route.weights = std::move(weights_);
  route.map = map_;
}

void OptionParser::check_weights(const Route& route) {
  const std::string_view weights = words_[kWeights];
  if (choose_ == Choose::kWeight && weights.empty())
    report_.error(words_[kChoose], "choose=weight needs weights=, a number for each gateway");
  else if (choose_ != Choose::kWeight && !weights.empty())
    report_.error(weights, "weights= needs choose=weight");
  else if (!weights.empty() && weights_.size() != route.gateways.size())
    report_.error(weights, text("there are ", weights_.size(), " weights for ", route.gateways.size(), " gateways"));
}

void OptionParser::check_map(const Route& route) {
  if (!map_) return;
  const std::string_view word = words_[kMap];
  if (route.prefixes.size() != 1) {
    report_.error(word, text("map= needs a line with one prefix, and this one has ", route.prefixes.size(),
                             "; write a line for each"));
    return;
  }
  const net::Prefix& prefix = route.prefixes.front();
  if (map_->family() != prefix.family())
    report_.error(word, text("map= has to be of the family of the line's prefix ", prefix.to_string()));
  else if (map_->length() != prefix.length())
    report_.error(word, text("map= has to be as long as the line's prefix ", prefix.to_string(), ": write a map of /",
                             prefix.length(), ", or a prefix of /", map_->length()));
  else if (*map_ == prefix)
    report_.warning(word, "map= translates the prefix into itself; leave it out");
}

}  // namespace dvpn::table
