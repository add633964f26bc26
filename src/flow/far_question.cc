// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/far_question.h"

#include <algorithm>

#include "base/text.h"
#include "flow/far_reader.h"
#include "net/deadline.h"

namespace dvpn::flow {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// What the relay has said so far. Nothing: not all of it yet.
std::optional<std::expected<wire::Answer, wire::Status>> whole_answer(const std::string& bytes) {
  if (bytes.size() < wire::kHeaderSize) return std::nullopt;
  const auto body = wire::answer_body_length(std::string_view(bytes).substr(0, wire::kHeaderSize));
  if (!body) return std::unexpected(body.error());
  const std::size_t length = wire::kHeaderSize + *body;
  if (bytes.size() < length) return std::nullopt;
  return wire::decode_answer(std::string_view(bytes).substr(0, length));
}

/// What became of one gateway.
struct Try {
  std::optional<EndReason> no;
  std::string why;
  std::optional<wire::Answer> answer;
  std::optional<ClockOffset> clock;
  bool try_next = false;
  bool try_again = false;
};

/// Asks the relay on the channel, whose waits a deadline ends.
net::Task<> ask_relay(ssh::Channel& channel, std::string request, const net::Deadline& deadline, Try& out, std::span<char> scratch) {
  const auto asked = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  const auto asked_at = Clock::now();
  while (!request.empty() && channel.alive() && !deadline.expired()) {
    request.erase(0, channel.write(request));
    if (!request.empty()) co_await channel.wait_writable();
  }
  std::string bytes;
  while (!deadline.expired()) {
    co_await channel.wait_readable();
    const ssh::Channel::Read read = channel.read(scratch, 0);
    bytes.append(scratch.data(), std::min(read.bytes, wire::kHeaderSize + wire::kMostBody));
    if (const auto answer = whole_answer(bytes)) {
      if (!*answer) {
        out.no = EndReason::kFarProtocol;
        out.why = text("the relay's answer: ", wire::to_text(answer->error()));
      } else {
        out.answer = **answer;
        const auto took = std::chrono::ceil<milliseconds>(Clock::now() - asked_at);
        if (out.answer->clock) out.clock = clock_offset(asked, took, *out.answer->clock);
        if ((*answer)->status != wire::Status::kOk) out.no = end_reason((*answer)->status);
      }
      co_return;
    }
    if (!read.eof) continue;
    out.no = read.lost ? EndReason::kSessionLost : EndReason::kFarBroken;
    out.why = read.lost ? "the session broke" : "the channel closed before the relay answered";
    co_return;
  }
  out.no = EndReason::kOpenTimeout;
  out.why = "the relay did not answer in time";
}

net::Task<Try> ask_gateway(const FarQuestion& question, gateway::Gateway& gateway, net::Executor executor, milliseconds within,
                           std::span<char> scratch) {
  const auto end = Clock::now() + within;
  const bool direct = question.route->via == table::Via::kDirect;
  gateway::Gateway::Target target{.unix_socket = question.snapshot->config.ssh.relay_socket, .direct = {}};
  if (direct) {
    target.unix_socket.reset();
    target.direct = *question.request.target;
  }
  Try out;
  gateway::Wait wait(executor);
  auto opening = gateway.open(std::move(target), wait, within);
  auto channel = co_await std::move(opening);
  if (!channel) {
    Refusal no = refusal(channel.error(), question.route->via);
    out.no = no.reason;
    out.why = std::move(no.why);
    out.try_next = no.try_next;
    co_return out;
  }
  if (direct) co_return out;
  ssh::Channel& open = **channel;
  const auto left = std::max(std::chrono::duration_cast<milliseconds>(end - Clock::now()), milliseconds(1));
  const net::Deadline deadline(executor, left, [&open] { open.wake(); });
  auto asking = ask_relay(open, wire::encode(question.request), deadline, out, scratch);
  co_await std::move(asking);
  // A relay lets a kept channel go when it has too many, or ends: what was asked on it just then was not heard.
  out.try_again = open.kept() && (out.no == EndReason::kFarLimit || out.no == EndReason::kFarBroken);
  co_return out;
}

}  // namespace

net::Task<FarAnswer> ask_far(FarQuestion question, GatewayOf gateway_of, net::Executor executor, std::span<char> scratch) {
  FarAnswer out;
  const table::Route& route = *question.route;
  const auto end = Clock::now() + question.within;
  // (weights are a matter of chance, and the question has one answer)
  for (gateway::Gateway* const gateway : order_of_gateways(route, gateway_of, 0)) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    const std::string name = gateway->spec().to_string();
    if (left.count() <= 0) {
      out.unusable.push_back({name, EndReason::kOpenTimeout, "there was no time left to try it"});
      continue;
    }
    auto trying = ask_gateway(question, *gateway, executor, left, scratch);
    Try outcome = co_await std::move(trying);
    if (outcome.try_again) {
      auto again = ask_gateway(question, *gateway, executor, left, scratch);
      Try second = co_await std::move(again);
      outcome = std::move(second);
    }
    if (outcome.try_next) {
      out.unusable.push_back({name, outcome.no.value_or(EndReason::kGatewayUnreachable), std::move(outcome.why)});
      continue;
    }
    out.gateway = name;
    out.no = outcome.no;
    out.why = std::move(outcome.why);
    out.answer = std::move(outcome.answer);
    out.clock = outcome.clock;
    break;
  }
  co_return out;
}

}  // namespace dvpn::flow
