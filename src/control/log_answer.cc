// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/log_answer.h"

#include <algorithm>

#include "base/text.h"
#include "control/json_form.h"

namespace dvpn::control {

namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kError: return "error";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kInfo: return "info";
    case LogLevel::kDebug: return "debug";
  }
  return "info";
}

}  // namespace

std::expected<LogCall, std::string> parse_log_call(const std::string& line) {
  const auto object = ordered_json::parse(line, nullptr, false);
  if (!object.is_object()) return std::unexpected("not a JSON object on one line");
  LogCall call;
  for (const auto& [key, value] : object.items()) {
    if (key == "v" || key == "call") continue;
    if (!value.is_number_unsigned()) return std::unexpected(text("\"", key, "\" has no number"));
    if (key == "after")
      call.after = value.get<std::uint64_t>();
    else if (key == "last")
      call.last = value.get<std::size_t>();
    else
      return std::unexpected(text("\"", key, "\" is not known: after or last"));
  }
  return call;
}

std::string log_answer(const LogCall& call, const RecentLog& log) {
  const std::uint64_t newest = log.newest();
  // A number that is not ours yet is of a daemon that ran before: then from the beginning.
  const std::uint64_t asked = call.after && *call.after <= newest ? *call.after : 0;
  const auto lines = call.after ? log.after(asked, kLinesListed) : log.last(std::min(call.last, kLinesListed));
  ordered_json answer = success();
  answer["next"] = lines.empty() ? newest : lines.back().number;
  answer["lost"] = call.after && !lines.empty() && lines.front().number > asked + 1 ? lines.front().number - asked - 1 : 0;
  ordered_json& list = answer["lines"] = ordered_json::array();
  for (const RecentLog::Line& line : lines)
    list.push_back({{"number", line.number}, {"time", timestamp(line.time)}, {"level", level_name(line.level)}, {"text", line.text}});
  return dump(answer);
}

}  // namespace dvpn::control
