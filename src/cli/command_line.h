// SPDX-License-Identifier: GPL-2.0-or-later
// What the groups of commands (commands.h) share: the options that all have, where answers and complaints go, and what is to be done once
// the whole line has been understood.
#pragma once

#include <CLI/CLI.hpp>
#include <expected>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/map.h"
#include "config/daemon_config.h"

namespace dvpn::cli {

class CommandLine {
 public:
  CommandLine(std::ostream& out, std::ostream& err);

  /// What is to be done; its value is the exit code.
  using Action = std::function<int()>;

  /// A command at the top, with --config and --json. `usage` is how it ends when the line is wrong.
  CLI::App* add(const std::string& name, const std::string& text, Action action, ExitCode usage = kUsage);
  /// One within a group.
  CLI::App* add(CLI::App& group, const std::string& name, const std::string& text, Action action, ExitCode usage = kUsage);
  /// A group of commands, of which the line has to name one.
  CLI::App& add_group(const std::string& name, const std::string& text);
  /// --socket, for those that ask the daemon.
  void add_socket(CLI::App* command);

  /// Understands the line, does what it says, and returns the exit code.
  int run(std::vector<std::string> arguments);

  Form form() const { return json_ ? Form::kJson : Form::kText; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  /// Says no in the form that was asked for (json.h).
  ExitCode refuse(const std::string& text, ExitCode code = kNo);

  const std::string& config_file() const { return config_; }
  bool config_given() const { return config_given_; }
  /// dvpnd's configuration, or everything that is wrong with it.
  std::expected<config::DaemonConfig, std::string> read_config() const;
  /// dvpnd's control socket. Members of the control group may not be able to read the configuration: the default serves them.
  std::expected<std::string, std::string> socket() const;

 private:
  CLI::App app_{"Sites as one private network, over SSH", "dvpn"};
  std::ostream& out_;
  std::ostream& err_;
  Action action_;
  std::string config_;
  bool config_given_ = false;
  std::string socket_;
  bool json_ = false;
  std::vector<std::pair<const CLI::App*, ExitCode>> usage_codes_;
};

}  // namespace dvpn::cli
