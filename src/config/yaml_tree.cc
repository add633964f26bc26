// SPDX-License-Identifier: GPL-2.0-or-later
// Reads yaml-cpp's events, not its nodes: the nodes lose what this has to see (the same key twice, a second document,
// which value was quoted), and its marks throw on a missing key.
#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "base/text.h"

namespace dvpn::config {

namespace {

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1, 1};
}

/// Ends the parsing: what is wrong has been reported.
struct Stop {};

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(Report& report) : report_(report) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    report_.error(place_of(mark), "a second document begins here; only one is read");
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(mark, YamlNode::Kind::kNull);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(mark, YamlNode::Kind::kNull);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    const bool quoted = tag == "!";
    YamlNode& node = add(mark, YamlNode::Kind::kScalar);
    node.text = value;
    node.place.length = value.size() + (quoted ? 2 : 0);
    if (!quoted) refuse_tag(mark, tag);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { open_.pop_back(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override {
    check_keys(*open_.back());
    open_.pop_back();
  }

 private:
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() == kDeepestYaml) {
      report_.error(place_of(mark), text("more than ", kDeepestYaml, " levels deep"));
      throw Stop{};
    }
    open_.push_back(&add(mark, kind));
  }

  /// The pointers in open_ stay valid: only the innermost open node grows, and none of its own items is open then.
  YamlNode& add(const YAML::Mark& mark, YamlNode::Kind kind) {
    if (++nodes_ > kMostYamlNodes) {
      report_.error(place_of(mark), text("more than ", kMostYamlNodes, " values"));
      throw Stop{};
    }
    YamlNode node{.kind = kind, .place = place_of(mark), .text = {}, .items = {}};
    if (open_.empty()) return root_ = std::move(node);
    return open_.back()->items.emplace_back(std::move(node));
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) report_.error(place_of(mark), "anchors and aliases are not read here");
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?") report_.error(place_of(mark), text("tags are not read here: ", tag));
  }

  void check_keys(const YamlNode& map) {
    std::map<std::string_view, std::size_t> lines;
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const YamlNode& key = map.items[i];
      if (key.kind != YamlNode::Kind::kScalar) {
        report_.error(key.place, "a key has to be a word");
        continue;
      }
      const auto [first, added] = lines.emplace(key.text, key.place.line);
      if (!added) report_.error(key.place, text("'", key.text, "' is already set in line ", first->second));
    }
  }

  Report& report_;
  YamlNode root_;
  std::vector<YamlNode*> open_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
};

/// yaml-cpp reads NUL as the end of the file and a lone carriage return as half a line end; so no control characters.
bool check_characters(std::string_view content, Report& report) {
  if (content.starts_with("\xfe\xff") || content.starts_with("\xff\xfe")) {
    report.error({}, "the file is UTF-16; write it as UTF-8");
    return false;
  }
  std::size_t line = 1;
  std::size_t start = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const char c = content[i];
    if (c == '\n') {
      ++line;
      start = i + 1;
    }
    const bool line_end = c == '\n' || (c == '\r' && i + 1 < content.size() && content[i + 1] == '\n');
    if (line_end || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) continue;
    report.error({line, i - start + 1, 1}, "control characters are not read here");
    return false;
  }
  return true;
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view content, Report& report) {
  if (content.size() > kLargestYaml) {
    report.error({}, text("the file is larger than ", kLargestYaml, " bytes"));
    return std::nullopt;
  }
  if (!check_characters(content, report)) return std::nullopt;
  try {
    std::istringstream stream{std::string(content)};
    YAML::Parser parser(stream);
    Builder builder(report);
    while (parser.HandleNextDocument(builder)) {
    }
    YamlNode root = builder.take();
    if (root.kind == YamlNode::Kind::kMap || root.kind == YamlNode::Kind::kNull) return root;
    report.error(root.place, "the file has to be a mapping, KEY: VALUE on each line");
  } catch (const Stop&) {
  } catch (const YAML::Exception& error) {
    report.error(place_of(error.mark), text("not valid YAML: ", error.msg));
  } catch (const std::exception& error) {
    report.error({}, text("cannot be read as YAML: ", error.what()));
  }
  return std::nullopt;
}

}  // namespace dvpn::config
