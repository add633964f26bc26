// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever is read as a certificate says for which key it is and when it is valid, whatever the clock says.
#include <cstdint>
#include <cstdlib>

#include "ssh/certificate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto certificate = dvpn::ssh::parse_certificate({reinterpret_cast<const char*>(data), size});
  if (!certificate) return 0;
  if (certificate->key_blob.empty()) std::abort();
  if (certificate->to && dvpn::ssh::validity(*certificate, *certificate->to) == dvpn::ssh::Validity::kValid) std::abort();
  return 0;
}
