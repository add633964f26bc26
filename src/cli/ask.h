// SPDX-License-Identifier: GPL-2.0-or-later
// One question to dvpnd as a command asks it: the answer is printed, as JSON or for people, or it is said why there is none.
#pragma once

#include <expected>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_line.h"

namespace dvpn::cli {

using Render = std::function<std::string(const nlohmann::json& answer)>;
/// Whether a good answer is good news.
using Healthy = std::function<bool(const nlohmann::json& answer)>;

struct NoAnswer {
  std::string text;
  ExitCode code;
  nlohmann::json refusal{};  ///< the daemon's, if it is that that said no
};

/// The answer, with "ok" true. Says nothing.
std::expected<nlohmann::json, NoAnswer> fetch(CommandLine& line, const nlohmann::json& request);

/// Says in the form that was asked for why there is none.
ExitCode complain(CommandLine& line, const NoAnswer& no);

/// The answer, with "ok" true; or, when the reason has been said, how the command ends.
std::expected<nlohmann::json, ExitCode> question(CommandLine& line, const nlohmann::json& request);

/// Prints an answer in the form that was asked for.
void show(CommandLine& line, const nlohmann::json& answer, const Render& render);

/// Both; kNo for an answer that is not healthy.
int ask(CommandLine& line, const nlohmann::json& request, const Render& render,
        const Healthy& healthy = [](const nlohmann::json&) { return true; });

}  // namespace dvpn::cli
