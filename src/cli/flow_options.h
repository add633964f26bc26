// SPDX-License-Identifier: GPL-2.0-or-later
// Which flows, in what order, how many: the options that `dvpn flows` and `dvpn top` have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace dvpn::cli {

struct FlowOptions {
  std::string from, to, gateway, protocol, state, sort;
  unsigned port = 0;
  unsigned limit = 0;

  /// Adds the options; they outlive the command. A value that cannot be is a mistake on the command line.
  void add_to(CLI::App& command);

  /// The call; `sort` and `limit` only where they were given.
  nlohmann::json request() const;
};

}  // namespace dvpn::cli
