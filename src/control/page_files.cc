// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/page_files.h"

#include "control/web_files.h"

namespace dvpn::control {

std::optional<HttpReply> page_file(const std::string& path) {
  if (path == "/") return HttpReply{.type = "text/html; charset=utf-8", .body = std::string(kPageHtml)};
  if (path == "/page.css") return HttpReply{.type = "text/css; charset=utf-8", .body = std::string(kPageCss)};
  if (path == "/page.js") return HttpReply{.type = "text/javascript; charset=utf-8", .body = std::string(kPageJs)};
  return std::nullopt;
}

HttpReply not_found() { return {.status = 404, .body = "there is nothing here\n"}; }

}  // namespace dvpn::control
