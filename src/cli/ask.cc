// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ask.h"

#include "cli/control_client.h"
#include "cli/json.h"

namespace dvpn::cli {

std::expected<nlohmann::json, NoAnswer> fetch(CommandLine& line, const nlohmann::json& request) {
  const auto path = line.socket();
  if (!path) return std::unexpected(NoAnswer{path.error(), kNo});
  auto answer = ask_daemon(*path, request);
  if (!answer) return std::unexpected(NoAnswer{answer.error().text, kUnreachable});
  if ((*answer)["ok"]) return std::move(*answer);
  const auto error = answer->value("error", nlohmann::json("dvpnd refused and did not say why"));
  return std::unexpected(NoAnswer{error.is_string() ? error.get<std::string>() : error.dump(), kNo, *answer});
}

ExitCode complain(CommandLine& line, const NoAnswer& no) {
  if (line.form() == Form::kText || no.refusal.is_null()) return line.refuse(no.text, no.code);
  print(no.refusal, line.out());
  return no.code;
}

std::expected<nlohmann::json, ExitCode> question(CommandLine& line, const nlohmann::json& request) {
  auto answer = fetch(line, request);
  if (!answer) return std::unexpected(complain(line, answer.error()));
  return std::move(*answer);
}

void show(CommandLine& line, const nlohmann::json& answer, const Render& render) {
  if (line.form() == Form::kJson)
    print(answer, line.out());
  else
    line.out() << render(answer);
}

int ask(CommandLine& line, const nlohmann::json& request, const Render& render, const Healthy& healthy) {
  const auto answer = question(line, request);
  if (!answer) return answer.error();
  show(line, *answer, render);
  return healthy(*answer) ? kOk : kNo;
}

}  // namespace dvpn::cli
