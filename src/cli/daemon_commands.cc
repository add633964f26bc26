// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn status`, `flows`, `gateways`, `reload`: one call to dvpnd each.
#include <memory>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/json.h"
#include "cli/render.h"

namespace dvpn::cli {

namespace {

/// Asks, prints and judges: `healthy` says whether a good answer is good news.
template <class Render, class Healthy>
int ask(CommandLine& line, const char* call, const Render& render, const Healthy& healthy) {
  const auto path = line.socket();
  if (!path) return line.refuse(path.error());
  const auto answer = call_daemon(*path, call);
  if (!answer) return line.refuse(answer.error().text, kUnreachable);
  const bool ok = (*answer)["ok"];
  if (line.form() == Form::kJson) {
    print(*answer, line.out());
  } else if (ok) {
    line.out() << render(*answer);
  } else {
    const auto error = answer->value("error", nlohmann::json("dvpnd refused and did not say why"));
    line.refuse(error.is_string() ? error.get<std::string>() : error.dump());
  }
  return ok && healthy(*answer) ? kOk : kNo;
}

template <class Render>
int ask(CommandLine& line, const char* call, const Render& render) {
  return ask(line, call, render, [](const nlohmann::json&) { return true; });
}

}  // namespace

void add_daemon_commands(CommandLine& line) {
  const auto add = [&line](const char* name, const char* text, CommandLine::Action action) {
    CLI::App* command = line.add(name, text, std::move(action));
    line.add_socket(command);
    return command;
  };
  add("status", "What dvpnd does and what keeps it from it", [&line] {
    return ask(line, "status", render_status, [](const nlohmann::json& answer) { return degradations(answer).empty(); });
  });
  const auto kernel = std::make_shared<bool>(false);
  add("flows", "The flows that are open", [&line, kernel] {
    return *kernel ? ask(line, "redirects", render_redirects) : ask(line, "flows", render_flows);
  })->add_flag("--kernel", *kernel, "What the kernel redirects to dvpnd, instead");
  add("gateways", "The gateways that have been used", [&line] { return ask(line, "gateways", render_gateways); });
  add("reload", "Read configuration and table again; live flows stay", [&line] { return ask(line, "reload", render_reload); });
}

}  // namespace dvpn::cli
