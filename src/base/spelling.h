// SPDX-License-Identifier: GPL-2.0-or-later
// "Did you mean …": the known word nearest to an unknown one.
#pragma once

#include <span>
#include <string_view>

namespace dvpn {

/// The candidate with the smallest edit distance (insert, delete, replace) to `word`, if that is at most 3 and
/// less than the word's length; else an empty view. The result points into `candidates`.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace dvpn
