// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn status`, `gateways`, `web`, `reload`: one call to dvpnd each.
#include <memory>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/render.h"
#include "cli/web.h"

namespace dvpn::cli {

namespace {

/// Where the status page is, by the daemon's status.
int show_address(CommandLine& line) {
  const auto status = question(line, {{"call", "status"}});
  if (!status) return status.error();
  const std::string address = web_address(*status);
  if (address.empty())
    return line.refuse("dvpnd serves no status page itself: dvpn web --listen 127.0.0.1:9470 does, as long as it runs; for good, put  web: {listen: "
                       "127.0.0.1:9470}  into dvpnd's configuration and restart it");
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
  struct Web {
    std::string listen;
    Reach reach = Reach::kThisMachine;
  };
  const auto options = std::make_shared<Web>();
  CLI::App* web = line.add("web", "The address of the status page, or the page itself", [&line, options]() -> int {
    return options->listen.empty() ? show_address(line) : serve_page(line, options->listen, options->reach);
  });
  line.add_socket(web);
  auto* where = web->add_option("--listen", options->listen, "Serve the page at ADDRESS:PORT until Ctrl-C, whether or not dvpnd does");
  web->add_flag_callback("--remote", [options] { options->reach = Reach::kAnybody; }, "Also where other machines can reach it: it has no password")->needs(where);
  add("reload", "Read configuration and table again; live flows stay",
      [&line] { return ask(line, {{"call", "reload"}}, render_reload); });
}

}  // namespace dvpn::cli
