// SPDX-License-Identifier: GPL-2.0-or-later
// dvpnd's answers for people. Pure text; what an answer lacks is shown as "-", so that a newer or older daemon's answer
// still shows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace dvpn::cli {

std::string render_status(const nlohmann::json& answer);
std::string render_gateways(const nlohmann::json& answer);
std::string render_flows(const nlohmann::json& answer);
std::string render_redirects(const nlohmann::json& answer);
std::string render_reload(const nlohmann::json& answer);
std::string render_log(const nlohmann::json& answer);
/// A table of gateways.
std::string gateway_rows(const nlohmann::json& gateways);

/// Where a browser finds the status page; empty: nowhere.
std::string web_address(const nlohmann::json& status);

/// What keeps the daemon from serving as it was told to, a sentence each; empty if nothing does.
std::vector<std::string> degradations(const nlohmann::json& status);

}  // namespace dvpn::cli
