// SPDX-License-Identifier: GPL-2.0-or-later
// What goes for everything that is served by HTTP. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dvpn::control {

/// Whether a request for this Host may be answered: an address, localhost, or one of `names`; with any port. Another name may be a
/// stranger's that leads here just now (DNS rebinding), for a page of that stranger to read what we say.
bool host_allowed(std::string_view host, std::span<const std::string> names);

/// Header fields of every reply: nothing is loaded from elsewhere, framed, sniffed or kept.
std::span<const std::pair<std::string_view, std::string_view>> reply_fields();

/// The key=value words of a query, decoded; `most` of them at most.
std::vector<std::pair<std::string, std::string>> query_words(std::string_view query, std::size_t most);

}  // namespace dvpn::control
