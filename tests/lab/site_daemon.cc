// SPDX-License-Identifier: GPL-2.0-or-later
#include "site_daemon.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace dvpn::lab {

std::size_t count(const std::string& text, const std::string& words) {
  std::size_t found = 0;
  for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + words.size())) ++found;
  return found;
}

void configure(const Site& site, const std::string& section, const std::string& line) {
  std::string text = site.read("etc/dvpnd.yaml");
  const std::string head = section + ":\n";
  if (("\n" + text).find("\n" + head) == std::string::npos) text += head;
  text.insert(text.find(head) + head.size(), "  " + line + "\n");
  site.write("etc/dvpnd.yaml", text);
}

Reconfigured::Reconfigured(Lab& lab, const std::string& site, const std::string& section, const std::string& line)
    : lab_(lab), site_(site), before_(lab.site(site).read("etc/dvpnd.yaml")) {
  configure(lab.site(site), section, line);
  restart();
}

Reconfigured::~Reconfigured() {
  lab_.site(site_).write("etc/dvpnd.yaml", before_);
  restart();
}

void Reconfigured::restart() const {
  end(lab_.site(site_), "dvpnd", SIGTERM);
  start(lab_, site_, "daemon");
}

void start(Lab& lab, const std::string& site, const std::string& step) {
  static const std::map<std::string, std::pair<std::string, std::string>> kSays = {
      {"sshd", {"sshd", "Server listening on"}}, {"relay", {"relay", "serving on"}}, {"daemon", {"dvpnd", " ready: "}}};
  const auto& [log, words] = kSays.at(step);
  const Site at = lab.site(site);
  const std::size_t before = count(at.log(log), words);
  lab.step(step, {site});
  wait_until([&] { return count(at.log(log), words) > before; }, 10s, step + " of " + site);
}

void signal(const Site& site, const std::string& program, int number) {
  const pid_t pid = site.pid(program);
  if (pid == 0) throw std::runtime_error(program + " does not run at " + site.path(""));
  kill(pid, number);
}

void end(const Site& site, const std::string& program, int number) {
  const pid_t pid = site.pid(program);
  if (pid == 0) return;
  kill(pid, number);
  wait_until([&] { return kill(pid, 0) != 0 || status_of(pid, "State").starts_with("Z"); }, 10s, program + " to end");
}

void reload(const Site& site) {
  const std::size_t before = count(site.log("dvpnd"), "reloaded: ");
  signal(site, "dvpnd", SIGHUP);
  wait_until([&] { return count(site.log("dvpnd"), "reloaded: ") > before; }, 10s, "the reload");
}

std::string flow_line(const Site& site, const std::string& destination, const std::string& end_reason, Duration deadline) {
  std::string found;
  const std::string wanted = "destination=" + destination + " ", reason = " end=" + end_reason + " ";
  wait_until(
      [&] {
        std::istringstream lines(site.log("dvpnd"));
        for (std::string line; std::getline(lines, line);)
          if (line.find(wanted) != std::string::npos && line.find(reason) != std::string::npos) found = line;
        return !found.empty();
      },
      deadline, "a log line with " + wanted + reason + "in\n" + site.log("dvpnd"));
  return found;
}

Result dvpn(const Site& site, const std::string& arguments) {
  return site.gateway().run(std::string(DVPN_LAB_DVPN) + " " + arguments + " -c " + site.path("etc/dvpnd.yaml"));
}

std::uint64_t open_flow(const Site& site, const std::string& destination, std::uint64_t least_bytes) {
  const std::regex open('"' + destination + R"re(",\s*"down": ?(\d+),[^}]*"state": ?"(?:open|closing)",[^}]*"up": ?(\d+))re");
  std::uint64_t moved = 0;
  wait_until(
      [&] {
        std::smatch found;
        const std::string flows = dvpn(site, "flows --json").out;
        if (!std::regex_search(flows, found, open)) return false;
        moved = std::stoull(found[1]) + std::stoull(found[2]);
        return moved >= least_bytes;
      },
      20s, "an open flow to " + destination);
  return moved;
}

std::vector<pid_t> descendants(pid_t parent) {
  std::vector<pid_t> pids{parent};
  for (std::size_t i = 0; i < pids.size(); ++i) {
    std::istringstream found(run_here("pgrep -P " + std::to_string(pids[i])).out);
    for (pid_t pid = 0; found >> pid;) pids.push_back(pid);
  }
  pids.erase(pids.begin());
  return pids;
}

std::string status_of(pid_t pid, const std::string& field) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(field + ":\t")) return line.substr(field.size() + 2);
  return "";
}

std::size_t descriptors(pid_t pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), std::filesystem::end(all)));
}

}  // namespace dvpn::lab
