// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn flows`, `top` and `log`: what can be watched as it goes.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "base/text.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/flow_options.h"
#include "cli/render.h"
#include "cli/screen.h"
#include "cli/top.h"

namespace dvpn::cli {

namespace {

using Interval = std::chrono::duration<double>;

constexpr double kOrdinaryInterval = 2;  // seconds
constexpr double kLongestInterval = 3600;
constexpr unsigned kRowsWithoutScreen = 40;
constexpr auto kFollowInterval = std::chrono::milliseconds(300);

struct FlowsCommand {
  FlowOptions which;
  bool kernel = false;
  std::string watch;  // seconds, as the command line has them; empty: once
};

struct LogCommand {
  unsigned lines = 20;
  bool follow = false;
};

bool on_terminal(const std::ostream& out) { return &out == &std::cout && ::isatty(STDOUT_FILENO) == 1; }

int flows(CommandLine& line, const FlowsCommand& command) {
  const bool again = !command.watch.empty();
  if (command.kernel) return ask(line, {{"call", "redirects"}}, render_redirects);
  while (true) {  // unbounded: ended by a signal, by the daemon's end or by whoever read the output
    const auto answer = question(line, command.which.request());
    if (!answer) return answer.error();
    if (again && on_terminal(line.out()) && line.form() == Form::kText) line.out() << "\033[H\033[J";
    show(line, *answer, render_flows);
    if (!again || !line.out().flush()) return kOk;
    std::this_thread::sleep_for(Interval(std::strtod(command.watch.c_str(), nullptr)));
  }
}

/// What `top` shows: the fastest flows unless another order was asked for, and no more than fit.
int top(CommandLine& line, FlowOptions which, double interval) {
  if (which.sort.empty()) which.sort = "rate";
  if (line.form() == Form::kJson) return ask(line, which.request(), render_flows);
  const bool once = !on_terminal(line.out()) || !Screen::possible();
  std::optional<Screen> screen;
  int ended_by = 0;
  while (true) {  // unbounded: ended by a key, a signal or the daemon's end
    FlowOptions asked = which;
    if (asked.limit == 0) asked.limit = screen ? static_cast<unsigned>(screen->size().rows) : kRowsWithoutScreen;
    const auto status = fetch(line, {{"call", "status"}});
    const auto flows = status ? fetch(line, asked.request()) : status;
    if (!flows) {
      screen.reset();  // (what is said on it would go with it)
      return complain(line, flows.error());
    }
    if (once) {
      line.out() << render_top(*status, *flows, "");
      return kOk;
    }
    if (!screen) screen.emplace();
    screen->show(clip(render_top(*status, *flows, text("q: quit, s: sorted by ", which.sort)), screen->size()));
    const Screen::Event event = screen->wait(std::chrono::duration_cast<std::chrono::milliseconds>(Interval(interval)));
    if (event.key == 's') which.sort = next_order(which.sort);
    ended_by = event.signal;
    if (event.key == 'q' || ended_by != 0) break;
  }
  screen.reset();
  if (ended_by != 0) ::raise(ended_by);
  return kOk;
}

int log(CommandLine& line, const LogCommand& command) {
  nlohmann::json request = {{"call", "log"}, {"last", command.lines}};
  while (true) {  // unbounded: ended by a signal, by the daemon's end or by whoever read the output
    const auto answer = question(line, request);
    if (!answer) return answer.error();
    const auto lines = answer->find("lines");
    const bool empty = lines == answer->end() || lines->empty();
    if (!empty || !command.follow) show(line, *answer, render_log);
    if (!command.follow || !line.out().flush()) return kOk;
    request = {{"call", "log"}, {"after", answer->value("next", std::uint64_t{0})}};
    std::this_thread::sleep_for(kFollowInterval);
  }
}

}  // namespace

void add_watch_commands(CommandLine& line) {
  const auto flow = std::make_shared<FlowsCommand>();
  CLI::App* flows_command = line.add("flows", "The flows that are open", [&line, flow] { return flows(line, *flow); });
  line.add_socket(flows_command);
  flow->which.add_to(*flows_command);
  auto* kernel = flows_command->add_flag("--kernel", flow->kernel, "What the kernel redirects to dvpnd, instead");
  flows_command->add_flag("--watch{2}", flow->watch, "Again and again, each two seconds, or --watch=SECONDS")
      ->check(CLI::Range(0.1, kLongestInterval))
      ->excludes(kernel);

  const auto most = std::make_shared<FlowOptions>();
  const auto interval = std::make_shared<double>(kOrdinaryInterval);
  CLI::App* top_command = line.add("top", "The busiest flows, live", [&line, most, interval] { return top(line, *most, *interval); });
  line.add_socket(top_command);
  most->add_to(*top_command);
  top_command->add_option("--interval", *interval, "Seconds between two pictures (2)")->check(CLI::Range(0.1, kLongestInterval));

  const auto lines = std::make_shared<LogCommand>();
  CLI::App* log_command = line.add("log", "The last lines of dvpnd's log", [&line, lines] { return log(line, *lines); });
  line.add_socket(log_command);
  log_command->add_option("-n,--lines", lines->lines, "So many (20)")->check(CLI::Range(0u, 1000u));
  log_command->add_flag("-f,--follow", lines->follow, "And those that come from now on");
}

}  // namespace dvpn::cli
