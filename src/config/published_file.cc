// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/published_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/text.h"
#include "base/unique_fd.h"

namespace dvpn::config {

Status publish(const std::string& path, std::string_view content) {
  const std::size_t name = path.rfind('/') + 1;
  if (name > 1) (void)::mkdir(path.substr(0, name - 1).c_str(), 0755);  // (that there is none is said below)
  std::string fresh = text(path.substr(0, name), '.', path.substr(name), ".XXXXXX");
  const UniqueFd fd(::mkostemp(fresh.data(), O_CLOEXEC));
  if (!fd) return fail_errno(text(path, ": no file can be made there"), errno);
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  if (content.empty() && ::fchmod(fd.get(), 0644) == 0 && ::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const int number = errno;
  ::unlink(fresh.c_str());
  return fail_errno(text(path, ": cannot be written"), number);
}

}  // namespace dvpn::config
