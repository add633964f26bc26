// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/section.h"

#include "base/spelling.h"

namespace dvpn::config {

namespace {

using Kind = YamlNode::Kind;

const YamlNode* map_or_null(const YamlNode& node) { return node.kind == Kind::kMap ? &node : nullptr; }

}  // namespace

Section::Section(const YamlNode* map, std::string path, const Place& place, Report& report)
    : map_(map), path_(std::move(path)), place_(place), report_(&report) {}

Section::Section(const YamlNode& document, Report& report) : Section(map_or_null(document), {}, {}, report) {}

Section::Section(const YamlNode& node, std::string path, Report& report)
    : Section(map_or_null(node), std::move(path), node.place, report) {
  if (!map_) error(node, text(path_, ": has to be a mapping, {KEY: VALUE, …}"));
}

const YamlNode* Section::find(std::string_view key) const {
  if (!map_) return nullptr;
  for (std::size_t i = 0; i + 1 < map_->items.size(); i += 2)
    if (map_->items[i].kind == Kind::kScalar && map_->items[i].text == key) return &map_->items[i];
  return nullptr;
}

const Place& Section::place(std::string_view key) const {
  const YamlNode* node = find(key);
  if (!node) return place_;
  return (node + 1)->kind == Kind::kScalar ? (node + 1)->place : node->place;
}

const YamlNode* Section::scalar(std::string_view key) {
  known_.push_back(key);
  const YamlNode* node = find(key);
  if (!node) return nullptr;
  if ((node + 1)->kind == Kind::kNull) {
    error(*node, text(name_of(key), ": has no value"));
    return nullptr;
  }
  return is_word(*(node + 1), key) ? node + 1 : nullptr;
}

bool Section::is_word(const YamlNode& node, std::string_view key) {
  if (node.kind == Kind::kScalar) return true;
  error(node, text(name_of(key), ": has to be a single value"));
  return false;
}

const YamlNode* Section::list(std::string_view key) {
  known_.push_back(key);
  const YamlNode* node = find(key);
  if (!node) return nullptr;
  const YamlNode& value = *(node + 1);
  if (value.kind == Kind::kList && value.items.size() <= kLongestList) return &value;
  if (value.kind == Kind::kList)
    error(*node, text(name_of(key), ": more than ", kLongestList, " entries"));
  else if (value.kind == Kind::kNull)
    error(*node, text(name_of(key), ": has no value; an empty list is []"));
  else if (value.kind == Kind::kScalar)
    error(value, text(name_of(key), ": has to be a list: [", value.text, "]"));
  else
    error(value, text(name_of(key), ": has to be a list: [ … ]"));
  return nullptr;
}

Section Section::section(std::string_view key) {
  known_.push_back(key);
  const YamlNode* node = find(key);
  if (!node) return {nullptr, name_of(key), place_, *report_};
  const YamlNode& value = *(node + 1);
  if (value.kind != Kind::kMap && value.kind != Kind::kNull)
    error(value, text(name_of(key), ": has to be a mapping, with its own keys below it"));
  return {map_or_null(value), name_of(key), node->place, *report_};
}

void Section::require(std::string_view key) {
  if (!has(key)) report_->error(place_, text(name_of(key), " is missing"));
}

void Section::finish() {
  if (!map_) return;
  for (std::size_t i = 0; i + 1 < map_->items.size(); i += 2) {
    const YamlNode& key = map_->items[i];
    if (key.kind != Kind::kScalar || std::ranges::find(known_, key.text) != known_.end()) continue;
    const std::string_view nearest = nearest_word(key.text, known_);
    const std::string meant = nearest.empty() ? std::string() : text("; did you mean '", nearest, "'?");
    error(key, text("unknown key '", key.text, "'", path_.empty() ? "" : " in ", path_, meant));
  }
}

}  // namespace dvpn::config
