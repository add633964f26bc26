// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/units.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace dvpn {

namespace {

/// Splits "10ms" into its digits and the rest.
std::pair<std::string_view, std::string_view> split_unit(std::string_view word) {
  const std::size_t end = word.find_first_not_of("0123456789");
  if (end == std::string_view::npos) return {word, {}};
  return {word.substr(0, end), word.substr(end)};
}

std::string one_decimal(std::uint64_t tenths) { return text(tenths / 10, '.', tenths % 10); }

}  // namespace

std::optional<std::uint64_t> parse_unsigned(std::string_view word, std::uint64_t most) {
  std::uint64_t value = 0;
  const char* const end = word.data() + word.size();
  const auto [last, error] = std::from_chars(word.data(), end, value);
  if (word.empty() || error != std::errc() || last != end || value > most) return std::nullopt;
  return value;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view word) {
  constexpr std::uint64_t kMostHours = 24 * 366;
  const auto [digits, unit] = split_unit(word);
  std::uint64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit.empty() && digits == "0") factor = 1;
  const auto number = parse_unsigned(digits, kMostHours * 3'600'000);
  if (factor == 0 || !number || *number > kMostHours * 3'600'000 / factor) return std::nullopt;
  return std::chrono::milliseconds(*number * factor);
}

std::optional<std::uint64_t> parse_size(std::string_view word) {
  const auto [digits, unit] = split_unit(word);
  int shift = -1;
  if (unit.empty()) shift = 0;
  if (unit == "KiB") shift = 10;
  if (unit == "MiB") shift = 20;
  if (unit == "GiB") shift = 30;
  if (shift < 0) return std::nullopt;
  const auto number = parse_unsigned(digits, std::uint64_t{1} << (50 - shift));
  if (!number) return std::nullopt;
  return *number << shift;
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return text(bytes, " B");
  std::size_t unit = 0;
  std::uint64_t whole = bytes;
  while (whole >= std::uint64_t{1024} * 1024 && unit + 1 < kUnits.size()) {
    whole >>= 10;
    ++unit;
  }
  return text(one_decimal(whole * 10 / 1024), ' ', kUnits[unit]);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto ms = static_cast<std::uint64_t>(duration.count() > 0 ? duration.count() : 0);
  const std::uint64_t s = ms / 1000;
  if (ms < 1000) return text(ms, "ms");
  if (s < 60) return text(one_decimal(ms / 100), 's');
  if (s < 3600) return text(s / 60, 'm', s % 60, 's');
  if (s < 86400) return text(s / 3600, 'h', s % 3600 / 60, 'm');
  return text(s / 86400, 'd', s % 86400 / 3600, 'h');
}

}  // namespace dvpn
