// SPDX-License-Identifier: GPL-2.0-or-later
// One call over dvpnd's control socket: a line of JSON there, a line of JSON back.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

namespace dvpn::cli {

/// An answer of this version, with `ok` true or false. Anything else is an error whose text names the socket and the
/// remedy: nobody listens, no permission, no answer in time, an answer that is none. Blocks, no longer than `patience`.
Result<nlohmann::json> call_daemon(const std::string& socket, const std::string& call,
                                   std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The same for a call with more in it: `request` has "call", and gets "v".
Result<nlohmann::json> ask_daemon(const std::string& socket, nlohmann::json request,
                                  std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace dvpn::cli
