// SPDX-License-Identifier: GPL-2.0-or-later
//
// dvpn-json(7), read as what it promises, so that page and programs cannot drift apart.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace dvpn::lab {

class JsonPage {
 public:
  explicit JsonPage(const std::string& file);

  /// What an answer has that the section does not name, has as another kind, or lacks: a sentence each. Elements of lists and members of
  /// objects with any names are looked at as far as there are some.
  std::vector<std::string> differences(const std::string& section, const nlohmann::json& answer) const;

  /// A section may be several commands': "map set, map remove".
  bool has(const std::string& section) const { return headings_.contains(section); }

 private:
  std::set<std::string> headings_;
  std::map<std::string, std::map<std::string, std::string>> sections_;  // path → kind
};

}  // namespace dvpn::lab
