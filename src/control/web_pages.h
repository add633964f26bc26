// SPDX-License-Identifier: GPL-2.0-or-later
// What the status page's server has: the page, what it shows as JSON, and nothing else.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "control/flows_answer.h"
#include "control/http_server.h"

namespace dvpn::control {

inline constexpr const char* kJsonType = "application/json";

/// A file of the page; nothing: there is none with that path.
std::optional<HttpReply> page_file(const std::string& path);

/// The query behind /flows.json?sort=rate&limit=100&from=10.0.31.0/24, as the call `flows` has it; or why it is none.
std::expected<flow::FlowQuery, std::string> flow_query(const std::string& query);

HttpReply not_found();

}  // namespace dvpn::control
