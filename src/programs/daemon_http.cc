// SPDX-License-Identifier: GPL-2.0-or-later
// What the daemon serves by HTTP, where its configuration says so: metrics, and the status page.
#include "base/text.h"
#include "control/flows_answer.h"
#include "control/metrics.h"
#include "control/page_files.h"
#include "programs/daemon.h"

namespace dvpn {

Status Daemon::open_http() {
  const config::DaemonConfig& config = snapshot_->config;
  const auto open = [&](const char* name, const config::Http& where, std::unique_ptr<control::HttpServer>& server) -> Status {
    if (where.listen.off()) return {};
    server = std::make_unique<control::HttpServer>(context_.get_executor(), where);
    return server->listen(text(name, ".listen: "), config.control.group);
  };
  if (const Status metrics = open("metrics", config.metrics, metrics_); !metrics) return metrics;
  return open("web", config.web, web_);
}

void Daemon::start_http() {
  if (metrics_) metrics_->start([this](control::HttpRequest request) { return serve_metrics(std::move(request)); });
  if (web_) web_->start([this](control::HttpRequest request) { return serve_page(std::move(request)); });
}

net::Task<> Daemon::stop_http() {
  if (metrics_) metrics_->stop();
  if (web_) web_->stop();
  if (metrics_) co_await metrics_->join();
  if (web_) co_await web_->join();
}

net::Task<control::HttpReply> Daemon::serve_metrics(control::HttpRequest request) {
  if (request.path != "/metrics") co_return control::not_found();
  auto gathering = whole_state();
  const auto now = co_await std::move(gathering);
  co_return control::HttpReply{.type = control::kMetricsType, .body = control::metrics_text(now)};
}

net::Task<control::HttpReply> Daemon::serve_page(control::HttpRequest request) {
  if (auto file = control::page_file(request.path)) co_return std::move(*file);
  if (request.path == "/status.json") {
    auto gathering = whole_state();
    const auto now = co_await std::move(gathering);
    co_return control::HttpReply{.type = control::kJsonType, .body = control::status_answer(now)};
  }
  if (request.path != "/flows.json") co_return control::not_found();
  const auto query = control::flow_query(request.query);
  if (!query) co_return control::HttpReply{.status = 400, .type = control::kJsonType, .body = control::error_answer(query.error())};
  auto listing = list_flows(*query);
  auto answer = co_await std::move(listing);
  co_return control::HttpReply{.type = control::kJsonType, .body = std::move(answer)};
}

}  // namespace dvpn
