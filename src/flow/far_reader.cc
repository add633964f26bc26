// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/far_reader.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "wire/request.h"

namespace dvpn::flow {

namespace {

FarReader::Event fail_with(EndReason reason, std::string why) {
  return {.kind = FarReader::Kind::kFail, .reason = reason, .why = std::move(why)};
}

}  // namespace

EndReason end_reason(wire::Status status) {
  switch (status) {
    case wire::Status::kOk: break;
    case wire::Status::kRefused: return EndReason::kRefused;
    case wire::Status::kHostUnreachable: return EndReason::kHostUnreachable;
    case wire::Status::kNetworkUnreachable: return EndReason::kNetworkUnreachable;
    case wire::Status::kTimedOut: return EndReason::kTimedOut;
    case wire::Status::kProhibited: return EndReason::kProhibited;
    case wire::Status::kLimit: return EndReason::kFarLimit;
    case wire::Status::kUnsupported:
    case wire::Status::kMalformed: return EndReason::kFarProtocol;
    case wire::Status::kFailed: return EndReason::kFarFailed;
    case wire::Status::kPeerReset: return EndReason::kTargetReset;
    case wire::Status::kShuttingDown: return EndReason::kFarBroken;
  }
  return EndReason::kFarProtocol;
}

FarReader::Event FarReader::next(std::string_view& chunk) {
  if (!answered_) return read_answer(chunk);
  if (!framed_) {
    const std::string_view all = std::exchange(chunk, std::string_view());
    if (all.empty()) return {};
    return {.kind = Kind::kData, .data = all};
  }
  if (datagrams_) return read_datagram(chunk);
  const wire::FrameParser::Event event = frames_.next(chunk);
  switch (event.kind) {
    case wire::FrameParser::Kind::kNeedMore: return {};
    case wire::FrameParser::Kind::kData: return {.kind = Kind::kData, .data = event.data};
    case wire::FrameParser::Kind::kEnd: return {.kind = Kind::kEnd};
    case wire::FrameParser::Kind::kReady: return {.kind = Kind::kReady};
    case wire::FrameParser::Kind::kReset:
      return fail_with(end_reason(event.reason), text("the relay says: ", wire::to_text(event.reason)));
    case wire::FrameParser::Kind::kError: break;
  }
  return fail_with(EndReason::kFarProtocol, "the relay sent a malformed frame");
}

FarReader::Event FarReader::read_datagram(std::string_view& chunk) {
  using Frame = wire::DatagramParser::Kind;
  const wire::DatagramParser::Event event = datagram_frames_.next(chunk);
  switch (event.kind) {
    case Frame::kNeedMore: return {};
    case Frame::kDatagram: return {.kind = Kind::kDatagram, .data = event.payload};
    case Frame::kUnreachable: return {.kind = Kind::kUnreachable, .data = event.payload, .reason = end_reason(event.reason)};
    case Frame::kEnd: return {.kind = Kind::kEnd};
    case Frame::kReady: return {.kind = Kind::kReady};
    case Frame::kReset:
      return fail_with(end_reason(event.reason), text("the relay says: ", wire::to_text(event.reason)));
    case Frame::kError: break;
  }
  return fail_with(EndReason::kFarProtocol, "the relay sent a malformed frame");
}

FarReader::Event FarReader::read_answer(std::string_view& chunk) {
  const auto take = [this, &chunk](std::size_t up_to) {
    const std::size_t n = std::min(chunk.size(), up_to - std::min(up_to, answer_.size()));
    answer_ += chunk.substr(0, n);
    chunk.remove_prefix(n);
    return answer_.size() >= up_to;
  };
  if (!take(wire::kHeaderSize)) return {};
  const auto body = wire::answer_body_length(std::string_view(answer_).substr(0, wire::kHeaderSize));
  if (!body) return fail_with(EndReason::kFarProtocol, text("the relay's answer: ", wire::to_text(body.error())));
  if (!take(wire::kHeaderSize + *body)) return {};
  const auto answer = wire::decode_answer(answer_);
  if (!answer) return fail_with(EndReason::kFarProtocol, text("the relay's answer: ", wire::to_text(answer.error())));
  if (answer->status != wire::Status::kOk) return fail_with(end_reason(answer->status), text("the relay says: ", wire::no_text(*answer)));
  answered_ = true;
  answer_ = std::string();
  return {.kind = Kind::kYes};
}

FarReader::Event FarReader::at_eof(bool lost) const {
  if (lost) return fail_with(EndReason::kSessionLost, "the session with the gateway broke");
  if (!framed_ || frames_.ended()) return {.kind = Kind::kEnd};
  if (!answered_) return fail_with(EndReason::kFarBroken, "the channel closed before the relay answered");
  return fail_with(EndReason::kFarBroken, "the channel closed in the middle of the flow");
}

}  // namespace dvpn::flow
