// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/request_reader.h"

namespace dvpn::relay {

char* RequestReader::room() {
  bytes_.resize(size_);
  return bytes_.data() + have_;
}

void RequestReader::came(std::size_t bytes) {
  have_ += bytes;
  if (have_ != wire::kHeaderSize) return;
  const auto body = wire::request_body_length(std::string_view(bytes_).substr(0, wire::kHeaderSize));
  if (body)
    size_ += *body;
  else
    failure_ = body.error();
}

std::expected<wire::Request, wire::Status> RequestReader::take() const {
  if (failure_) return std::unexpected(*failure_);
  return wire::decode_request(bytes_);
}

}  // namespace dvpn::relay
