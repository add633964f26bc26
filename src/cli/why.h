// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn why`: the question as a call, and the answer for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dvpn::cli {

struct WhyQuestion {
  std::string destination;
  std::string from;
  bool udp = false;      // as the command line has them
  bool ping = false;
  bool connect = false;
};

nlohmann::json why_request(const WhyQuestion& question);
std::string render_why(const nlohmann::json& answer);

}  // namespace dvpn::cli
