// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn status`, `gateways`, `web`, `reload`: one call to dvpnd each.
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/render.h"

namespace dvpn::cli {

namespace {

/// Where the status page is, by the daemon's status.
int show_address(CommandLine& line) {
  const auto status = question(line, {{"call", "status"}});
  if (!status) return status.error();
  const std::string address = web_address(*status);
  if (address.empty())
    return line.refuse("dvpnd serves no status page; put  web: {listen: 127.0.0.1:9470}  into its configuration and restart it");
  if (line.form() == Form::kJson)
    print({{"v", 1}, {"ok", true}, {"address", address}}, line.out());
  else
    line.out() << address << '\n';
  return kOk;
}

}  // namespace

void add_daemon_commands(CommandLine& line) {
  const auto add = [&line](const char* name, const char* text, CommandLine::Action action) {
    line.add_socket(line.add(name, text, std::move(action)));
  };
  add("status", "What dvpnd does and what keeps it from it", [&line] {
    return ask(line, {{"call", "status"}}, render_status, [](const nlohmann::json& answer) { return degradations(answer).empty(); });
  });
  add("gateways", "The gateways that have been used", [&line] { return ask(line, {{"call", "gateways"}}, render_gateways); });
  add("web", "The address of the status page", [&line] { return show_address(line); });
  add("reload", "Read configuration and table again; live flows stay",
      [&line] { return ask(line, {{"call", "reload"}}, render_reload); });
}

}  // namespace dvpn::cli
