// SPDX-License-Identifier: GPL-2.0-or-later
//
// dvpnd and its neighbours at one site, as tests of faults handle them: configured, started, reloaded, killed, asked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fixture.h"

namespace dvpn::lab {

/// How often `words` stands in `text`.
std::size_t count(const std::string& text, const std::string& words);

/// Puts a line "key: value" into a section of the site's dvpnd.yaml, which is made if it is not there. Before a start or a reload.
void configure(const Site& site, const std::string& section, const std::string& line);

/// The site's daemon runs with another line in a section of its configuration, until the object goes: a restart each.
class Reconfigured {
 public:
  Reconfigured(Lab& lab, const std::string& site, const std::string& section, const std::string& line);
  ~Reconfigured();
  Reconfigured(const Reconfigured&) = delete;
  Reconfigured& operator=(const Reconfigured&) = delete;

 private:
  void restart() const;
  Lab& lab_;
  std::string site_, before_;
};

/// Starts sshd, relay or daemon at a site as the lab does, also where one was killed, and waits until it serves.
void start(Lab& lab, const std::string& site, const std::string& step);

/// Signals a program of the site ("dvpnd", "dvpn-relay", "sshd"), which must be running.
void signal(const Site& site, const std::string& program, int number);

/// Signals a program of the site, if it runs, and waits until it has ended.
void end(const Site& site, const std::string& program, int number);

/// SIGHUP, until the daemon says that it has reloaded.
void reload(const Site& site);

/// Waits for the log line of a flow to `destination` that ended so; the line, or "" after a failure of the test.
std::string flow_line(const Site& site, const std::string& destination, const std::string& end_reason, Duration deadline = 10s);

/// The operator's program at the site's gateway: dvpn(a, "status").
Result dvpn(const Site& site, const std::string& arguments);

/// Waits for an open flow to `destination` that has moved so many bytes, both ways together; how many it was in the end.
std::uint64_t open_flow(const Site& site, const std::string& destination, std::uint64_t least_bytes = 0);

/// The children of a process, theirs, and so on.
std::vector<pid_t> descendants(pid_t parent);

/// A field of /proc/PID/status, as it stands there: status_of(pid, "CapEff").
std::string status_of(pid_t pid, const std::string& field);

/// How many descriptors a process holds.
std::size_t descriptors(pid_t pid);

}  // namespace dvpn::lab
