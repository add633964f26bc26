// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/why.h"

#include "base/text.h"
#include "cli/columns.h"
#include "cli/json_view.h"

namespace dvpn::cli {

using nlohmann::json;

json why_request(const WhyQuestion& question) {
  json request = {{"call", "why"},
                  {"destination", question.destination},
                  {"protocol", question.udp ? "udp" : question.ping ? "ping" : "tcp"}};
  if (!question.from.empty()) request["from"] = question.from;
  if (question.connect) request["connect"] = true;
  return request;
}

std::string render_why(const json& answer) {
  Columns columns;
  const auto steps = answer.find("steps");
  if (steps != answer.end() && steps->is_array())
    for (const json& step : *steps) columns.add({word(step, "state"), word(step, "step"), word(step, "text")});
  return columns.render("  ") + printable(text(word(answer, "sentence"), '\n'));
}

}  // namespace dvpn::cli
