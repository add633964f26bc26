// SPDX-License-Identifier: GPL-2.0-or-later
// Reads one mapping of a configuration key by key. A value that is wrong is reported at its place and leaves the
// default; a key that nobody asked for is reported by finish(), with the nearest one that was.
#pragma once

#include <algorithm>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "config/report.h"
#include "config/yaml_tree.h"

namespace dvpn::config {

/// A value, or why the word is none.
template <class T>
using Value = std::expected<T, std::string>;

enum class Empty { kAllowed, kRefused };

class Section {
 public:
  static constexpr std::size_t kLongestList = 1024;

  /// The document itself. A missing one has no keys. All must outlive the section.
  Section(const YamlNode& document, Report& report);
  /// A mapping inside a list, called `path` in messages.
  Section(const YamlNode& node, std::string path, Report& report);

  /// Reads KEY with `parse`: std::string_view → Value<T>. `out` is left alone if the key is absent or wrong.
  template <class T, class Parse>
  void read(std::string_view key, T& out, const Parse& parse) {
    if (const YamlNode* node = scalar(key)) store(*node, key, parse, [&](T value) { out = std::move(value); });
  }

  /// Reads a list of words, none of them twice.
  template <class T, class Parse>
  void read_list(std::string_view key, std::vector<T>& out, Empty empty, const Parse& parse) {
    const YamlNode* node = list(key);
    if (!node) return;
    if (node->items.empty() && empty == Empty::kRefused)
      error(*node, text(name_of(key), ": at least one is needed"));
    out.clear();
    for (const YamlNode& item : node->items) {
      if (!is_word(item, key)) continue;
      store(item, key, parse, [&](T value) {
        if (std::ranges::find(out, value) != out.end())
          error(item, text(name_of(key), ": ", item.text, " is listed twice"));
        else
          out.push_back(std::move(value));
      });
    }
  }

  /// The mapping at KEY, which need not be there.
  Section section(std::string_view key);
  /// The list at KEY, or null; anything else is reported.
  const YamlNode* list(std::string_view key);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  void require(std::string_view key);

  /// Where KEY's value stands; the section's own place if it is absent.
  const Place& place(std::string_view key) const;
  const Place& place() const { return place_; }

  /// Reports the keys that nobody asked for. Call it last.
  void finish();

  std::string name_of(std::string_view key) const { return path_.empty() ? std::string(key) : text(path_, '.', key); }

 private:
  Section(const YamlNode* map, std::string path, const Place& place, Report& report);

  const YamlNode* find(std::string_view key) const;  // the key's node; the value follows it
  const YamlNode* scalar(std::string_view key);
  bool is_word(const YamlNode& node, std::string_view key);
  void error(const YamlNode& node, std::string message) { report_->error(node.place, std::move(message)); }

  template <class Parse, class Store>
  void store(const YamlNode& node, std::string_view key, const Parse& parse, const Store& put) {
    auto value = parse(std::string_view(node.text));
    if (value)
      put(std::move(*value));
    else
      error(node, text(name_of(key), ": ", value.error()));
  }

  const YamlNode* map_;  // null: not there
  std::string path_;
  Place place_;
  Report* report_;
  std::vector<std::string_view> known_;
};

}  // namespace dvpn::config
