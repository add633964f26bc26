// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/conntrack.h"

#include <arpa/inet.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>

#include <array>
#include <cerrno>

namespace dvpn::intercept {

namespace {

struct Destroy {
  void operator()(nf_conntrack* entry) const { nfct_destroy(entry); }
};
using Entry = std::unique_ptr<nf_conntrack, Destroy>;

/// The attributes of one end of a tuple.
struct End {
  nf_conntrack_attr ipv4;
  nf_conntrack_attr ipv6;
  nf_conntrack_attr port;
};
constexpr End kOriginalSource = {ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC, ATTR_ORIG_PORT_SRC};
constexpr End kOriginalDestination = {ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST, ATTR_ORIG_PORT_DST};

void set(nf_conntrack* entry, const End& end, const net::Endpoint& endpoint) {
  if (endpoint.address.is_ipv4())
    nfct_set_attr_u32(entry, end.ipv4, htonl(endpoint.address.ipv4()));
  else
    nfct_set_attr(entry, end.ipv6, endpoint.address.bytes().data());
  nfct_set_attr_u16(entry, end.port, htons(endpoint.port));
}

std::optional<net::Endpoint> get(const nf_conntrack* entry, const End& end) {
  net::Endpoint endpoint;
  if (nfct_attr_is_set(entry, end.ipv4) > 0) {
    endpoint.address = net::Address::from_ipv4(ntohl(nfct_get_attr_u32(entry, end.ipv4)));
  } else if (nfct_attr_is_set(entry, end.ipv6) > 0) {
    const auto* const bytes = static_cast<const char*>(nfct_get_attr(entry, end.ipv6));
    endpoint.address = *net::Address::from_bytes({bytes, 16});
  } else {
    return std::nullopt;
  }
  endpoint.port = ntohs(nfct_get_attr_u16(entry, end.port));
  return endpoint;
}

std::string tcp_state(const nf_conntrack* entry) {
  constexpr std::array kNames = {"NONE",       "SYN_SENT",  "SYN_RECV", "ESTABLISHED", "FIN_WAIT",
                                 "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2"};
  const std::size_t state = nfct_get_attr_u8(entry, ATTR_TCP_STATE);
  return state < kNames.size() ? kNames[state] : "UNKNOWN";
}

struct Listing {
  net::Port listener;
  std::size_t most;
  std::vector<Redirected> found;
};

int collect(nf_conntrack_msg_type, nf_conntrack* entry, void* data) {
  auto* const listing = static_cast<Listing*>(data);
  const bool ours = nfct_get_attr_u8(entry, ATTR_L4PROTO) == IPPROTO_TCP &&
                    ntohs(nfct_get_attr_u16(entry, ATTR_REPL_PORT_SRC)) == listing->listener &&
                    nfct_getobjopt(entry, NFCT_GOPT_IS_DNAT) != 0;
  const auto client = get(entry, kOriginalSource);
  const auto destination = get(entry, kOriginalDestination);
  if (ours && client && destination && listing->found.size() < listing->most)
    listing->found.push_back({*client, *destination, tcp_state(entry)});
  return NFCT_CB_CONTINUE;
}

int take_client(nf_conntrack_msg_type, nf_conntrack* entry, void* data) {
  *static_cast<std::optional<net::Endpoint>*>(data) = get(entry, kOriginalSource);
  return NFCT_CB_CONTINUE;
}

}  // namespace

void Conntrack::Close::operator()(nfct_handle* handle) const { nfct_close(handle); }

Result<Conntrack> Conntrack::open() {
  nfct_handle* const handle = nfct_open(CONNTRACK, 0);
  if (handle == nullptr) return fail_errno("connection tracking", errno);
  return Conntrack(handle);
}

std::optional<net::Endpoint> Conntrack::original_client(const net::Endpoint& local, const net::Endpoint& peer) {
  const Entry query(nfct_new());
  if (!query) return std::nullopt;
  nfct_set_attr_u8(query.get(), ATTR_L3PROTO, local.address.is_ipv4() ? AF_INET : AF_INET6);
  nfct_set_attr_u8(query.get(), ATTR_L4PROTO, IPPROTO_TCP);
  // The kernel finds an entry by either direction: ours is the reply, asked for in the slots of the original.
  set(query.get(), kOriginalSource, local);
  set(query.get(), kOriginalDestination, peer);
  std::optional<net::Endpoint> client;
  nfct_callback_register(handle_.get(), NFCT_T_ALL, take_client, &client);
  const int rc = nfct_query(handle_.get(), NFCT_Q_GET, query.get());
  nfct_callback_unregister(handle_.get());
  return rc == 0 ? client : std::nullopt;
}

Result<std::vector<Redirected>> Conntrack::redirected(net::Port listener, std::size_t most) {
  Listing listing{listener, most, {}};
  for (std::uint32_t family : {std::uint32_t{AF_INET}, std::uint32_t{AF_INET6}}) {
    nfct_callback_register(handle_.get(), NFCT_T_ALL, collect, &listing);
    const int rc = nfct_query(handle_.get(), NFCT_Q_DUMP, &family);
    const int number = errno;
    nfct_callback_unregister(handle_.get());
    if (rc != 0) return fail_errno("listing the kernel's connections", number);
  }
  return std::move(listing.found);
}

}  // namespace dvpn::intercept
