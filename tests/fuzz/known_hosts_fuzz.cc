// SPDX-License-Identifier: GPL-2.0-or-later
// No known_hosts file confuses the index: every name that it pins is found again, with a key of a known form, and none that it does not.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ssh/known_hosts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  dvpn::Diagnostics diagnostics("known_hosts");
  const auto hosts = dvpn::ssh::KnownHosts::parse(content, diagnostics);
  if (diagnostics.has_errors()) std::abort();
  for (const char* name : {"gw.example", "203.0.113.7", "2001:db8::7", "*", "", "|1|"})
    for (const dvpn::net::Port port : {dvpn::net::Port{22}, dvpn::net::Port{2222}}) {
      const auto pins = hosts.find(name, port);
      if (pins.size() > hosts.size()) std::abort();
      for (const auto& pin : pins)
        if (pin.type.empty() || pin.base64.empty() || pin.base64.find_first_of(" \t\r\n") != std::string::npos) std::abort();
      (void)dvpn::ssh::host_key_algorithms(pins);
    }
  return 0;
}
