// SPDX-License-Identifier: GPL-2.0-or-later
// Log lines to standard error in the form that systemd's journal reads, "<6>text" (sd-daemon(3)). One write(2)
// a line, so the lines of several threads do not mix. Control characters are escaped: a name that a remote
// party chose cannot forge a line. The level, and where lines are kept, are process-wide: the one global of the project.
#pragma once

#include <string_view>

namespace dvpn {

class RecentLog;

/// The values are syslog's (RFC 5424, 6.2.1).
enum class LogLevel { kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };

/// Lines above this level are dropped. The default is kInfo. Thread-safe.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);

/// Each line goes to `recent` as well, until this is called with another or null. It outlives that.
void keep_log(RecentLog* recent);

/// Writes one line. Blocks only if standard error does. Thread-safe.
void log(LogLevel level, std::string_view line);

/// Writes each line of `lines` as a line of its own: for diagnostics.
void log_lines(LogLevel level, std::string_view lines);

inline void log_error(std::string_view line) { log(LogLevel::kError, line); }
inline void log_warning(std::string_view line) { log(LogLevel::kWarning, line); }
inline void log_info(std::string_view line) { log(LogLevel::kInfo, line); }
inline void log_debug(std::string_view line) { log(LogLevel::kDebug, line); }

}  // namespace dvpn
