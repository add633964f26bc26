// SPDX-License-Identifier: GPL-2.0-or-later
// How `dvpn --json` prints: one object a line, in the form of the control socket's answers.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "cli/exit_code.h"
#include "cli/map.h"

namespace dvpn::cli {

/// Bytes that are no UTF-8 (a file may have any) are replaced, so that it always is JSON.
void print(const nlohmann::json& answer, std::ostream& out);

/// Says no: the text to `err`, or {"v":1,"ok":false,"error":TEXT} to `out`.
ExitCode refuse(const std::string& text, Form form, std::ostream& out, std::ostream& err, ExitCode code = kNo);

}  // namespace dvpn::cli
