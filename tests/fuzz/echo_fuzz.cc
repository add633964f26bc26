// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever is read as an echo request comes from one host and goes to another of its family, and what is sent for it, a reply or
// an error, goes the other way and is whole.
#include <cstdint>
#include <cstdlib>

#include "intercept/echo.h"
#include "intercept/ip_header.h"

namespace {

using namespace dvpn::intercept;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = parse_echo_request({reinterpret_cast<const char*>(data), size});
  if (!request) return 0;
  require(request->client.family() == request->target.family());
  require(request->payload.size() <= request->size);
  for (const std::string& packet : {echo_reply(request->target, request->client, request->name, 64, request->payload),
                                    icmp_error(quoted_echo(request->client, request->target, request->name, request->size), Verdict::kProhibited)}) {
    const auto sent = parse_ip(packet);
    require(sent && sent->source == request->target && sent->destination == request->client && sent->carried.size() == sent->size);
    for (const std::string& fragment : in_fragments(packet, 1280, 1)) require(fragment.size() <= 1280);
  }
  return 0;
}
