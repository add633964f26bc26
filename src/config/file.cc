// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "base/unique_fd.h"

namespace dvpn::config {

Result<std::string> read_file(const std::string& path, std::size_t most) {
  const auto refuse = [&](std::string_view why) { return fail(ErrorKind::kConfiguration, text(path, ": ", why)); };
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return refuse(errno_text(errno));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return refuse(errno_text(errno));
  if (!S_ISREG(facts.st_mode)) return refuse("is no regular file");
  const std::string too_large = text("is larger than ", most, " bytes");
  if (static_cast<std::size_t>(facts.st_size) > most) return refuse(too_large);

  // It may grow while it is read, and files of /proc say that they are empty: read to the end, whatever the size says. Those of
  // /proc/sys come with the first read or not at all.
  constexpr std::size_t kFirst = 4096;
  std::string content(std::max(static_cast<std::size_t>(facts.st_size), kFirst) + 1, '\0');
  std::size_t used = 0;
  while (true) {
    const ssize_t count = ::read(file.get(), content.data() + used, content.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refuse(errno_text(errno));
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
    if (used > most) return refuse(too_large);
    if (used == content.size()) content.resize(std::min(content.size() * 2, most) + 1);
  }
  content.resize(used);
  return content;
}

}  // namespace dvpn::config
