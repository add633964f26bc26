// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/command_line.h"

#include <algorithm>

#include "base/text.h"
#include "cli/json.h"
#include "config/file.h"

namespace dvpn::cli {

namespace {

constexpr const char* kConfigFile = "/etc/dvpn/dvpnd.yaml";

}  // namespace

CommandLine::CommandLine(std::ostream& out, std::ostream& err) : out_(out), err_(err), config_(kConfigFile) {
  app_.set_version_flag("--version", "dvpn " DVPN_VERSION);
  app_.require_subcommand(1);
}

CLI::App* CommandLine::add(const std::string& name, const std::string& text, Action action, ExitCode usage) {
  return add(app_, name, text, std::move(action), usage);
}

CLI::App* CommandLine::add(CLI::App& group, const std::string& name, const std::string& text, Action action, ExitCode usage) {
  CLI::App* command = group.add_subcommand(name, text);
  command->callback([this, action = std::move(action)] { action_ = action; });
  command->add_flag("--json", json_, "Print one JSON object");
  command->add_option_function<std::string>(
      "-c,--config",
      [this](const std::string& path) {
        config_ = path;
        config_given_ = true;
      },
      dvpn::text("dvpnd's configuration (", kConfigFile, ")"));
  usage_codes_.emplace_back(command, usage);
  return command;
}

CLI::App& CommandLine::add_group(const std::string& name, const std::string& text) {
  CLI::App* group = app_.add_subcommand(name, text);
  group->require_subcommand(1);
  return *group;
}

void CommandLine::add_socket(CLI::App* command) {
  command->add_option("--socket", socket_, "dvpnd's control socket, instead of the configured one");
}

int CommandLine::run(std::vector<std::string> arguments) {
  try {
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app_.parse(arguments);
  } catch (const CLI::ParseError& error) {  // --help and --version arrive here as well
    if (app_.exit(error, out_, err_) == 0) return kOk;
    const auto meant = std::ranges::find_if(usage_codes_, [](const auto& entry) { return entry.first->parsed(); });
    return meant == usage_codes_.end() ? kUsage : meant->second;
  }
  return action_();
}

ExitCode CommandLine::refuse(const std::string& text, ExitCode code) { return cli::refuse(text, form(), out_, err_, code); }

std::expected<config::DaemonConfig, std::string> CommandLine::read_config() const {
  const auto content = config::read_file(config_);
  if (!content) return std::unexpected(text(content.error().text, "; name another file with -c"));
  Diagnostics diagnostics(config_);
  auto config = config::parse_daemon_config(*content, diagnostics);
  if (diagnostics.has_errors()) return std::unexpected(diagnostics.render());
  return config;
}

std::expected<std::string, std::string> CommandLine::socket() const {
  if (!socket_.empty()) return socket_;
  const auto config = read_config();
  if (!config && config_given_) return std::unexpected(config.error());
  return config ? config->control.socket : config::DaemonConfig().control.socket;
}

}  // namespace dvpn::cli
