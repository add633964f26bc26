// SPDX-License-Identifier: GPL-2.0-or-later
// Values of an answer as words for people. What is not there, or of another kind than expected, is an empty word or zero: an answer may
// come from an older or a newer daemon.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace dvpn::cli {

/// The member, or null if there is none or `object` is no object.
const nlohmann::json& member(const nlohmann::json& object, const char* key);

/// As one word; empty for what is no single value.
std::string word(const nlohmann::json& value);
std::string word(const nlohmann::json& object, const char* key);
std::string or_dash(std::string word);
/// The words of a list.
std::string joined(const nlohmann::json& list);

std::uint64_t count(const nlohmann::json& object, const char* key);
std::string size(const nlohmann::json& object, const char* key);          ///< "1.5 MiB", or "-"
std::string rate(std::uint64_t bytes);                                    ///< "1.5 MiB/s"; "0" for none
std::string seconds(const nlohmann::json& object, const char* key);       ///< "12s", "1.5s", "3m20s"
std::string milliseconds(const nlohmann::json& object, const char* key);  ///< "0.4ms"
std::string plural(std::uint64_t number, std::string_view one);           ///< "2 routes"

bool has_rows(const nlohmann::json& list);

}  // namespace dvpn::cli
