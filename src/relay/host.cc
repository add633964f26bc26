// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/host.h"

#include <ifaddrs.h>
#include <pwd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace dvpn::relay {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

struct FreeAddresses {
  void operator()(ifaddrs* list) const { ::freeifaddrs(list); }
};

}  // namespace

Result<std::vector<KnownAccount>> local_accounts() {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen("/etc/passwd", "re"));
  if (!file) return fail_errno("/etc/passwd", errno);
  std::vector<KnownAccount> accounts;
  while (const passwd* entry = ::fgetpwent(file.get())) accounts.push_back({entry->pw_uid, entry->pw_name});
  return accounts;
}

Result<std::vector<net::Address>> interface_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return fail_errno("getifaddrs", errno);
  const std::unique_ptr<ifaddrs, FreeAddresses> list(first);
  std::vector<net::Address> addresses;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const auto family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    if (const auto endpoint = net::Endpoint::from_sockaddr(storage)) addresses.push_back(endpoint->address);
  }
  return addresses;
}

}  // namespace dvpn::relay
