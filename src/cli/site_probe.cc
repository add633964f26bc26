// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/site_probe.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "base/units.h"
#include "cli/program.h"
#include "config/file.h"

namespace dvpn::cli {

namespace {

std::optional<net::Address> address_of(const sockaddr* address) {
  sockaddr_storage storage{};
  std::memcpy(&storage, address, address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
  const auto endpoint = net::Endpoint::from_sockaddr(storage);
  return endpoint ? std::optional(endpoint->address) : std::nullopt;
}

/// The number of bits of a netmask.
unsigned prefix_length(const sockaddr* mask) {
  const auto bits = mask == nullptr ? std::nullopt : address_of(mask);
  unsigned length = 0;
  if (bits)
    for (const std::uint8_t byte : bits->bytes()) length += static_cast<unsigned>(std::popcount(byte));
  return length;
}

std::vector<Interface> interfaces() {
  std::vector<Interface> out;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return out;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(first, ::freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if ((one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    auto at = std::ranges::find(out, std::string_view(one->ifa_name), &Interface::name);
    if (at == out.end()) at = out.insert(out.end(), {.name = one->ifa_name, .up = (one->ifa_flags & IFF_UP) != 0, .addresses = {}});
    if (one->ifa_addr == nullptr || (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6)) continue;
    const auto address = address_of(one->ifa_addr);
    const unsigned length = prefix_length(one->ifa_netmask);
    if (address && length <= address->width() && !address->is_link_local()) at->addresses.push_back({*address, net::Prefix::around(*address, length)});
  }
  return out;
}

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  const std::string_view whole(name);
  return std::string(whole.substr(0, whole.find('.')));
}

std::string file_or_nothing(const std::string& path) {
  const auto content = config::read_file(path);
  return content ? *content : std::string();
}

}  // namespace

Machine probe_machine() {
  return {.host_name = host_name(),
          .interfaces = interfaces(),
          .default_routes = default_routes(file_or_nothing("/proc/net/route"), file_or_nothing("/proc/net/ipv6_route"))};
}

std::expected<Sshd, std::string> probe_sshd(const std::string& sshd_config) {
  const auto ran = run_program({"sshd", "-T", "-f", sshd_config});
  if (!ran) return std::unexpected(ran.error().text);
  if (ran->exit != 0) return std::unexpected(text("sshd -T -f ", sshd_config, ": ", ran->complaint()));
  return parse_sshd(ran->out);
}

std::vector<ssh::PublicKey> public_keys(const std::vector<std::string>& files) {
  std::vector<ssh::PublicKey> keys;
  for (const std::string& file : files) {
    auto key = ssh::parse_public_key_file(file_or_nothing(file + ".pub"));
    if (!key)
      if (const auto ran = run_program({"ssh-keygen", "-y", "-P", "", "-f", file}); ran && ran->exit == 0) key = ssh::parse_public_key_file(ran->out);
    if (key && std::ranges::find(keys, *key) == keys.end()) keys.push_back(std::move(*key));
  }
  return keys;
}

}  // namespace dvpn::cli
