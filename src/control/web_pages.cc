// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/web_pages.h"

#include "control/http_rules.h"
#include "control/web_files.h"

namespace dvpn::control {

namespace {

constexpr std::size_t kMostWords = 16;  // of a query

}  // namespace

std::optional<HttpReply> page_file(const std::string& path) {
  if (path == "/") return HttpReply{.type = "text/html; charset=utf-8", .body = std::string(kPageHtml)};
  if (path == "/page.css") return HttpReply{.type = "text/css; charset=utf-8", .body = std::string(kPageCss)};
  if (path == "/page.js") return HttpReply{.type = "text/javascript; charset=utf-8", .body = std::string(kPageJs)};
  return std::nullopt;
}

std::expected<flow::FlowQuery, std::string> flow_query(const std::string& query) {
  flow::FlowQuery out{.limit = kFlowsListed};
  for (const auto& [key, value] : query_words(query, kMostWords))
    if (const auto done = set_word(out, key, value); !done) return std::unexpected(done.error());
  return out;
}

HttpReply not_found() { return {.status = 404, .body = "there is nothing here\n"}; }

}  // namespace dvpn::control
