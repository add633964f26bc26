// SPDX-License-Identifier: GPL-2.0-or-later
// The files of the status page, as its server has them; what the page shows it asks for as JSON.
#pragma once

#include <optional>
#include <string>

#include "control/http_server.h"

namespace dvpn::control {

inline constexpr const char* kJsonType = "application/json";

/// A file of the page; nothing: there is none with that path.
std::optional<HttpReply> page_file(const std::string& path);

HttpReply not_found();

}  // namespace dvpn::control
