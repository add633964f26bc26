// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <unistd.h>

#include <cstdlib>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace dvpn::lab {
namespace {

/// The script with its options: programs are the ones of this build, or of the environment.
std::vector<std::string> script(std::vector<std::string> arguments) {
  std::vector<std::string> all{source_folder() + "/tests/lab/lab", "--delay-line", DVPN_LAB_DELAY_LINE};
  const auto program = [&](const char* option, const char* variable, std::string path) {
    if (const char* set = std::getenv(variable); set != nullptr) path = set;
    if (!path.empty()) all.insert(all.end(), {option, path});
  };
  program("--dvpnd", "DVPN_LAB_DVPND", DVPN_LAB_DVPND);
  program("--relay", "DVPN_LAB_RELAY", DVPN_LAB_RELAY);
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

std::string run_script(std::vector<std::string> arguments) {
  const std::string what = arguments.front();
  const Result result = Process(script(std::move(arguments))).wait(60s);
  if (result.exit != 0) throw std::runtime_error("lab " + what + ": " + result.err + result.out);
  return result.out;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string source_folder() { return DVPN_LAB_SOURCE; }

Result run_here(const std::string& command, Duration deadline) {
  return Process({"bash", "-c", command}).wait(deadline);
}

std::vector<std::string> Host::in_namespace(const std::string& command) const {
  return {"ip", "netns", "exec", "dvpnlab-" + lab_ + "-" + name_, "bash", "-c", command};
}

Process Host::start(const std::string& command) const { return Process(in_namespace(command)); }

Result Host::run(const std::string& command, Duration deadline) const { return start(command).wait(deadline); }

bool Host::listens(int port) const {
  return !run("ss -Hltn 'sport = :" + std::to_string(port) + "'").out.empty();
}

Process Host::serve_page(int port, const std::string& text) const {
  Process server = start("PAGE=" + quoted(text) + " exec socat TCP6-LISTEN:" + std::to_string(port) +
                         ",ipv6only=0,reuseaddr,fork,backlog=128 EXEC:" + source_folder() + "/tests/lab/lib/page");
  wait_until([&] { return listens(port); }, 10s, name_ + " to listen on port " + std::to_string(port));
  return server;
}

Process Host::serve(int port, const std::string& steps) const {
  Process server = start("exec " + source_folder() + "/tests/lab/lib/peer serve " + std::to_string(port) + " " + steps);
  if (!server.wait_for_output("listening")) throw std::runtime_error(name_ + " does not listen: " + server.err());
  return server;
}

Result Host::talk(const std::string& address, int port, const std::string& steps, Duration deadline) const {
  return run(source_folder() + "/tests/lab/lib/peer connect " + address + " " + std::to_string(port) + " " + steps, deadline);
}

std::string Site::log(const std::string& program) const { return read("log/" + program + ".log"); }

std::string Site::read(const std::string& below) const { return read_file(path(below)); }

pid_t Site::pid(const std::string& program) const {
  // Lines of "PID COMMAND": the site's folder is in the command line of everything that runs there.
  std::istringstream lines(read_file("/run/dvpn-lab/" + lab_ + "/processes"));
  pid_t found = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.find("/" + program + " ") != std::string::npos && line.find("/" + lab_ + "/" + name_ + "/") != std::string::npos)
      found = std::stoi(line);
  return found > 0 && kill(found, 0) == 0 ? found : 0;
}

void Site::write(const std::string& below, const std::string& text) const {
  std::ofstream file(path(below), std::ios::trunc);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path(below));
}

Lab::Lab(const std::string& topology) {
  if (geteuid() != 0) throw std::runtime_error("lab tests need root");
  const std::string file = "/tmp/dvpn-topology." + std::to_string(getpid());
  std::ofstream(file) << topology;
  try {
    run_script({"down", "--stale"});
    id_ = run_script({"--owner", std::to_string(getpid()), "up", file});
  } catch (...) {
    unlink(file.c_str());
    throw;
  }
  unlink(file.c_str());
  while (!id_.empty() && id_.back() == '\n') id_.pop_back();
}

void Lab::step(const std::string& name, const std::vector<std::string>& sites) {
  std::vector<std::string> arguments{name, id_};
  arguments.insert(arguments.end(), sites.begin(), sites.end());
  run_script(arguments);
}

void Lab::down() {
  if (id_.empty()) return;
  run_script({"down", id_});
  id_.clear();
}

Lab::~Lab() {
  try {
    down();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
  }
}

std::string two_sites(const std::string& links) {
  return "site a networks 10.0.31.0/24 fd00:31::/64 wan 203.0.113.1 2001:db8::1 hosts 2\n"
         "site b networks 10.0.32.0/24 fd00:32::/64 wan 203.0.113.2 2001:db8::2 hosts 2\n" +
         links;
}

}  // namespace dvpn::lab
