// SPDX-License-Identifier: GPL-2.0-or-later
// The words of a text, separated by blanks, without copying any of it.
#pragma once

#include <cstddef>
#include <iterator>
#include <string_view>

namespace dvpn::table {

class Words {
 public:
  static constexpr std::string_view kBlanks = " \t";

  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) { ++*this; }

    std::string_view operator*() const { return word_; }
    Iterator& operator++() {
      const std::size_t start = rest_.find_first_not_of(kBlanks);
      rest_.remove_prefix(start == std::string_view::npos ? rest_.size() : start);
      word_ = rest_.substr(0, rest_.find_first_of(kBlanks));
      rest_.remove_prefix(word_.size());
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++*this;
      return old;
    }
    /// Of the same text; the end is where no word is left.
    bool operator==(const Iterator& other) const {
      return word_.size() == other.word_.size() && (word_.empty() || word_.data() == other.word_.data());
    }

   private:
    std::string_view rest_;
    std::string_view word_;
  };

  Words() = default;
  /// `text` must outlive it.
  explicit Words(std::string_view text) : text_(text) {}

  Iterator begin() const { return Iterator(text_); }
  Iterator end() const { return {}; }
  bool empty() const { return begin() == end(); }
  std::string_view front() const { return *begin(); }  ///< of at least one word
  std::string_view text() const { return text_; }      ///< all of it

 private:
  std::string_view text_;
};

}  // namespace dvpn::table
