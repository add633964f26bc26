// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/json_view.h"

#include <chrono>
#include <cstdio>

#include "base/text.h"
#include "base/units.h"

namespace dvpn::cli {

using nlohmann::json;

const json& member(const json& object, const char* key) {
  static const json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string word(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return {};
}

std::string word(const json& object, const char* key) { return word(member(object, key)); }

std::string or_dash(std::string word) { return word.empty() ? "-" : word; }

std::uint64_t count(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::string size(const json& object, const char* key) {
  return member(object, key).is_number_unsigned() ? format_size(count(object, key)) : "-";
}

std::string seconds(const json& object, const char* key) {
  constexpr double kMost = 1e12;
  const json& value = member(object, key);
  if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() < kMost)) return {};
  if (value.is_number_integer() && value.get<double>() < 60) return text(value.get<int>(), 's');
  return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(value.get<double>() * 1000)));
}

std::string rate(std::uint64_t bytes) { return bytes == 0 ? "0" : format_size(bytes) + "/s"; }

std::string milliseconds(const json& object, const char* key) {
  const json& value = member(object, key);
  if (!value.is_number()) return {};
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.1fms", value.get<double>());
  return buffer;
}

std::string plural(std::uint64_t number, std::string_view one) { return text(number, ' ', one, number == 1 ? "" : "s"); }

std::string joined(const json& list) {
  std::string out;
  if (!list.is_array()) return out;
  for (const json& item : list) out += text(out.empty() ? "" : " ", word(item));
  return out;
}

bool has_rows(const json& list) { return list.is_array() && !list.empty(); }

}  // namespace dvpn::cli
