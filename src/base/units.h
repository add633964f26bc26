// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers with units as configuration files write them, read strictly.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dvpn {

/// A decimal number without sign, space or leading '+', at most `most`.
std::optional<std::uint64_t> parse_unsigned(std::string_view word, std::uint64_t most = UINT64_MAX);

/// A whole number with a unit, ms, s, m or h ("500ms", "10s"); "0" needs none.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view word);

/// A whole number of bytes, or with a unit KiB, MiB or GiB ("8MiB").
std::optional<std::uint64_t> parse_size(std::string_view word);

/// "1.5 MiB", "12 B": for people.
std::string format_size(std::uint64_t bytes);

/// "250ms", "12.5s", "3m20s", "2h5m": for people.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace dvpn
