// SPDX-License-Identifier: GPL-2.0-or-later
// The status page, src/control/web, as the build puts it into the program.
#pragma once

#include <string_view>

namespace dvpn::control {

extern const std::string_view kPageHtml;
extern const std::string_view kPageCss;
extern const std::string_view kPageJs;

}  // namespace dvpn::control
