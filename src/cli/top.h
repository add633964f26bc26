// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn top`: what it shows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dvpn::cli {

/// A head of three lines or more, and then the flows: pure text. `keys`: a line that says which keys there are, or none.
std::string render_top(const nlohmann::json& status, const nlohmann::json& flows, const std::string& keys);

/// The order after this one: rate, bytes, age, id, and again.
std::string next_order(const std::string& order);

}  // namespace dvpn::cli
