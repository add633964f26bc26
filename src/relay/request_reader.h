// SPDX-License-Identifier: GPL-2.0-or-later
// Collects one request from a byte stream without ever asking for a byte beyond it. Pure: the driver reads at most
// wanted() bytes into room() and says how many came.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "wire/request.h"
#include "wire/status.h"

namespace dvpn::relay {

class RequestReader {
 public:
  /// How many bytes may be read now; 0: the request is complete or refused.
  std::size_t wanted() const { return failure_ ? 0 : size_ - have_; }
  /// Where they go; valid until the next call of came().
  char* room();
  void came(std::size_t bytes);

  bool started() const { return have_ > 0; }
  bool finished() const { return wanted() == 0; }

  /// Once finished: the request, or kUnsupported or kMalformed.
  std::expected<wire::Request, wire::Status> take() const;

 private:
  std::string bytes_;
  std::size_t size_ = wire::kHeaderSize;  ///< as far as it is known
  std::size_t have_ = 0;
  std::optional<wire::Status> failure_;
};

}  // namespace dvpn::relay
