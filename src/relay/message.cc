// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/message.h"

#include <cstring>

namespace dvpn::relay {

namespace {

constexpr std::size_t kHeader = 5;  // kind, length

/// Both processes are the same program on the same machine: numbers as they are in memory.
class Writer {
 public:
  template <class T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void string(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_ += value;
  }
  void address(const net::Address& value) {
    string({reinterpret_cast<const char*>(value.bytes().data()), value.width() / 8});
  }
  void prefix(const net::Prefix& value) {
    address(value.address());
    number(static_cast<std::uint8_t>(value.length()));
  }
  template <class T, class F>
  void list(const std::vector<T>& items, F each) {
    number(static_cast<std::uint32_t>(items.size()));
    for (const T& item : items) each(item);
  }
  void duration(std::chrono::milliseconds value) { number(std::int64_t{value.count()}); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// After the first thing that does not fit everything reads as empty, and good() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T number() {
    T value{};
    const std::string_view taken = take(sizeof value);
    if (good_) std::memcpy(&value, taken.data(), sizeof value);
    return value;
  }
  std::string_view string() { return take(number<std::uint32_t>()); }
  net::Address address() {
    const auto value = net::Address::from_bytes(string());
    if (!value) good_ = false;
    return value.value_or(net::Address());
  }
  net::Prefix prefix() {
    const net::Address base = address();
    const auto value = net::Prefix::make(base, number<std::uint8_t>());
    if (!value) good_ = false;
    return value.value_or(net::Prefix());
  }
  template <class F>
  void list(F each) {
    const auto count = number<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && good_; ++i) each();
  }
  std::chrono::milliseconds duration() { return std::chrono::milliseconds(number<std::int64_t>()); }
  bool finished() const { return good_ && bytes_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) {
      good_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
  bool good_ = true;
};

void write_rule(Writer& writer, const Rule& rule) {
  writer.number(static_cast<std::uint8_t>(rule.uid.has_value()));
  writer.number(rule.uid.value_or(0));
  writer.list(rule.to, [&](const net::Prefix& prefix) { writer.prefix(prefix); });
  writer.list(rule.ports, [&](const config::PortRange& range) {
    writer.number(range.first);
    writer.number(range.last);
  });
  writer.list(rule.protocols, [&](config::Protocol protocol) { writer.number(static_cast<std::uint8_t>(protocol)); });
  writer.number(static_cast<std::uint8_t>(rule.source));
  writer.list(rule.from, [&](const net::Prefix& prefix) { writer.prefix(prefix); });
}

Rule read_rule(Reader& reader) {
  Rule rule;
  const bool has_uid = reader.number<std::uint8_t>() != 0;
  const auto uid = reader.number<uid_t>();
  if (has_uid) rule.uid = uid;
  reader.list([&] { rule.to.push_back(reader.prefix()); });
  reader.list([&] {
    const auto first = reader.number<net::Port>();
    rule.ports.push_back({first, reader.number<net::Port>()});
  });
  reader.list([&] { rule.protocols.push_back(static_cast<config::Protocol>(reader.number<std::uint8_t>())); });
  rule.source = static_cast<config::Source>(reader.number<std::uint8_t>());
  reader.list([&] { rule.from.push_back(reader.prefix()); });
  return rule;
}

}  // namespace

std::string encode_message(MessageKind kind, std::string_view body) {
  Writer writer;
  writer.number(static_cast<std::uint8_t>(kind));
  writer.string(body);
  return writer.take();
}

std::expected<std::optional<Message>, bool> MessageReader::next() {
  if (buffer_.size() < kHeader) return std::nullopt;
  std::uint32_t length = 0;
  std::memcpy(&length, buffer_.data() + 1, sizeof length);
  const auto kind = static_cast<std::uint8_t>(buffer_[0]);
  if (length > kLargest || kind < static_cast<std::uint8_t>(MessageKind::kSettings) ||
      kind > static_cast<std::uint8_t>(MessageKind::kHeartbeat))
    return std::unexpected(false);
  if (buffer_.size() < kHeader + length) return std::nullopt;
  Message message = {static_cast<MessageKind>(kind), buffer_.substr(kHeader, length)};
  buffer_.erase(0, kHeader + length);
  return message;
}

std::string encode_settings(const Settings& settings) {
  Writer writer;
  writer.list(settings.rules, [&](const Rule& rule) { write_rule(writer, rule); });
  writer.list(settings.wan_addresses, [&](const net::Address& address) { writer.address(address); });
  writer.list(settings.accounts, [&](const KnownAccount& account) {
    writer.number(account.uid);
    writer.string(account.name);
  });
  writer.number(settings.limits.flows);
  writer.number(settings.limits.flows_per_account);
  writer.number(settings.limits.spares_per_account);
  writer.number(settings.limits.pipes);
  writer.duration(settings.connect_timeout);
  writer.duration(settings.request_timeout);
  writer.duration(settings.spare_timeout);
  writer.duration(settings.udp_timeout);
  writer.duration(settings.heartbeat);
  writer.number(static_cast<std::uint8_t>(settings.log_level));
  return writer.take();
}

std::optional<Settings> decode_settings(std::string_view bytes) {
  Reader reader(bytes);
  Settings settings;
  reader.list([&] { settings.rules.push_back(read_rule(reader)); });
  reader.list([&] { settings.wan_addresses.push_back(reader.address()); });
  reader.list([&] {
    const auto uid = reader.number<uid_t>();
    settings.accounts.push_back({uid, std::string(reader.string())});
  });
  settings.limits.flows = reader.number<std::uint32_t>();
  settings.limits.flows_per_account = reader.number<std::uint32_t>();
  settings.limits.spares_per_account = reader.number<std::uint32_t>();
  settings.limits.pipes = reader.number<std::uint32_t>();
  settings.connect_timeout = reader.duration();
  settings.request_timeout = reader.duration();
  settings.spare_timeout = reader.duration();
  settings.udp_timeout = reader.duration();
  settings.heartbeat = reader.duration();
  settings.log_level = static_cast<LogLevel>(reader.number<std::uint8_t>());
  if (!reader.finished()) return std::nullopt;
  return settings;
}

}  // namespace dvpn::relay
