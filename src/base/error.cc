// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <cstring>

namespace dvpn {

std::string errno_text(int number) {
  char buffer[128];
  return ::strerror_r(number, buffer, sizeof buffer);  // the GNU form returns the text
}

std::unexpected<Error> fail_errno(std::string_view what, int number) {
  return fail(ErrorKind::kSystem, std::string(what) + ": " + errno_text(number));
}

}  // namespace dvpn
