// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_page.h"

#include <fstream>
#include <functional>
#include <sstream>

namespace dvpn::lab {

namespace {

using nlohmann::json;

std::string kind_of(const json& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "boolean";
  return value.is_number() ? "number" : "";
}

/// Calls `leaf` with the path and value of everything that is no object and no list, and `empty` with the path of each list and object
/// that has nothing in it.
void walk(const json& value, const std::string& path, const std::function<void(const std::string&, const json&)>& leaf, std::set<std::string>& empty) {
  if (value.is_object() || value.is_array()) {
    if (value.empty()) empty.insert(value.is_array() ? path + "[]" : path + ".");
    for (const auto& [key, member] : value.items())
      walk(member, value.is_array() ? path + "[]" : path.empty() ? key : path + "." + key, leaf, empty);
  } else {
    leaf(path, value);
  }
}

}  // namespace

JsonPage::JsonPage(const std::string& file) {
  std::ifstream page(file);
  std::vector<std::string> sections;
  for (std::string line; std::getline(page, line);) {
    const std::string item = ".It Cm ", head = ".Ss ";
    if (line.starts_with(head)) {
      sections.clear();
      std::istringstream names(line.substr(head.size()));
      for (std::string name; std::getline(names >> std::ws, name, ',');) sections.push_back(name);
      headings_.insert(sections.begin(), sections.end());
    }
    const std::size_t kind = line.find(" Ar ");
    if (line.starts_with(item) && kind != std::string::npos)
      for (const std::string& section : sections) sections_[section][line.substr(item.size(), kind - item.size())] = line.substr(kind + 4);
  }
}

std::vector<std::string> JsonPage::differences(const std::string& section, const json& answer) const {
  const auto found = sections_.find(section);
  if (found == sections_.end()) return {"there is no section " + section};
  std::vector<std::string> out;
  std::set<std::string> seen, empty;
  /// The path as the page has it: itself, or with a * in the place of its last name or of an earlier one.
  const auto documented = [&](const std::string& path) -> std::pair<std::string, std::string> {
    if (const auto same = found->second.find(path); same != found->second.end()) return *same;
    for (std::string above = path; above.find('.') != std::string::npos;) {
      above = above.substr(0, above.rfind('.'));
      if (const auto any = found->second.find(above + ".*"); any != found->second.end()) return *any;
    }
    return {};
  };
  walk(answer, "",
       [&](const std::string& path, const json& value) {
         if (path == "v" || path == "ok") return;
         const auto [name, kinds] = documented(path);
         seen.insert(name);
         if (name.empty()) out.push_back(path + " is not in the page");
         else if (kinds != "any" && (" " + kinds + " ").find(" " + kind_of(value) + " ") == std::string::npos)
           // An object that may be null has both a line of its own and lines for what is in it.
           out.push_back(path + " is " + value.dump() + " and should be " + kinds);
       },
       empty);
  for (const auto& [name, kind] : found->second) {
    bool excused = kind == "null" || seen.contains(name);
    for (const std::string& list : empty) excused = excused || name.starts_with(list);
    // What is in an object that was null is not there.
    for (std::string above = name; above.find('.') != std::string::npos;) {
      above = above.substr(0, above.rfind('.'));
      excused = excused || seen.contains(above);
    }
    if (!excused) out.push_back(name + " is missing");
  }
  return out;
}

}  // namespace dvpn::lab
