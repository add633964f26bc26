// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay_harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "relay/listener.h"
#include "relay/message.h"
#include "relay/server.h"

namespace dvpn::relay::test {

namespace {

bool wait_for(int fd, short events, std::chrono::milliseconds patience = kPatience) {
  pollfd waiting = {fd, events, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::abort();
}

}  // namespace

Settings open_settings() {
  Settings settings;
  settings.rules = {{std::nullopt, {*net::Prefix::parse("127.0.0.0/8"), *net::Prefix::parse("::1")}, {}}};
  return settings;
}

std::string read_exactly(int fd, std::size_t size, std::chrono::milliseconds patience) {
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size && wait_for(fd, POLLIN, patience)) {
    const ssize_t n = ::recv(fd, out.data() + have, size - have, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return out;
}

std::optional<Rest> read_rest(int fd, std::chrono::milliseconds patience) {
  Rest rest;
  std::array<char, 65536> buffer;
  while (wait_for(fd, POLLIN, patience)) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) {
      rest.bytes.append(buffer.data(), static_cast<std::size_t>(n));
      continue;
    }
    rest.reset = n < 0 && errno == ECONNRESET;
    return rest;
  }
  return std::nullopt;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN && wait_for(fd, POLLOUT)) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::size_t open_descriptors() {
  const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::string noise(std::size_t size, unsigned seed) {
  std::string out(size, '\0');
  std::uint64_t state = seed * 2654435761u + 1;
  for (char& c : out) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    c = static_cast<char>(state >> 56);
  }
  return out;
}

Target::Target(std::string_view address) {
  net::Endpoint any = {*net::Address::parse(address), 0};
  sockaddr_storage storage;
  socklen_t size = any.to_sockaddr(storage);
  auto* const where = reinterpret_cast<sockaddr*>(&storage);
  fd_.reset(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(fd_.get(), where, size) != 0 || ::listen(fd_.get(), 2048) != 0) give_up("target");
  size = sizeof storage;
  if (::getsockname(fd_.get(), where, &size) != 0) give_up("getsockname");
  endpoint_ = *net::Endpoint::from_sockaddr(storage);
}

UniqueFd Target::accept() const {
  if (!wait_for(fd_.get(), POLLIN)) return {};
  return UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

UdpTarget::UdpTarget(std::string_view address, net::Port port) {
  const net::Endpoint wanted = {*net::Address::parse(address), port};
  sockaddr_storage storage;
  socklen_t size = wanted.to_sockaddr(storage);
  auto* const where = reinterpret_cast<sockaddr*>(&storage);
  fd_.reset(::socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (::bind(fd_.get(), where, size) != 0) give_up("target");
  size = sizeof storage;
  if (::getsockname(fd_.get(), where, &size) != 0) give_up("getsockname");
  endpoint_ = *net::Endpoint::from_sockaddr(storage);
}

std::optional<UdpTarget::Datagram> UdpTarget::receive(std::chrono::milliseconds patience) const {
  std::string buffer(65536, '\0');
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (!wait_for(fd_.get(), POLLIN, patience)) return std::nullopt;
  const ssize_t n = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&storage), &size);
  if (n < 0) return std::nullopt;
  return Datagram{buffer.substr(0, static_cast<std::size_t>(n)), *net::Endpoint::from_sockaddr(storage)};
}

bool UdpTarget::send(std::string_view payload, const net::Endpoint& to) const {
  sockaddr_storage storage;
  const socklen_t size = to.to_sockaddr(storage);
  return ::sendto(fd_.get(), payload.data(), payload.size(), 0, reinterpret_cast<const sockaddr*>(&storage), size) ==
         static_cast<ssize_t>(payload.size());
}

bool in_own_network(const std::function<void()>& what) {
  bool is_allowed = true;
  std::thread elsewhere([&] {
    is_allowed = ::unshare(CLONE_NEWNET) == 0;
    if (!is_allowed) return;
    shell("ip link set lo up");
    what();
  });
  elsewhere.join();
  return is_allowed;
}

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) give_up(command.c_str());
}

void Caller::finish_writing() const { ::shutdown(fd_.get(), SHUT_WR); }

bool Caller::send_data(std::string_view payload, std::size_t frame) const {
  while (!payload.empty()) {
    const std::string_view piece = payload.substr(0, frame);
    payload.remove_prefix(piece.size());
    const auto header = wire::encode_frame_header(wire::FrameType::kData, static_cast<std::uint32_t>(piece.size()));
    if (!send({header.data(), header.size()}) || !send(piece)) return false;
  }
  return true;
}

bool Caller::ask_tcp(const net::Endpoint& target) const {
  return send(wire::encode(wire::Request{.kind = wire::Kind::kTcp, .target = target}));
}

bool Caller::send_datagram(std::string_view payload) const {
  const auto header = wire::encode_frame_header(wire::FrameType::kDatagram, static_cast<std::uint32_t>(payload.size()));
  return send(std::string(header.data(), header.size()).append(payload));
}

std::optional<wire::Answer> Caller::answer() const {
  const std::string header = read_exactly(fd_.get(), wire::kHeaderSize);
  const auto length = wire::answer_body_length(header);
  if (!length) return std::nullopt;
  const auto answer = wire::decode_answer(header + read_exactly(fd_.get(), *length));
  return answer ? std::optional(*answer) : std::nullopt;
}

std::optional<Caller::Frame> Caller::frame() const {
  const std::string bytes = read_exactly(fd_.get(), wire::kFrameHeaderSize);
  if (bytes.size() < wire::kFrameHeaderSize) return std::nullopt;
  const wire::FrameHeader header = wire::decode_frame_header(bytes.data());
  std::string payload = read_exactly(fd_.get(), header.length);
  if (payload.size() < header.length) return std::nullopt;
  return Frame{header.type, std::move(payload)};
}

std::string Caller::data(std::optional<Frame>& last) const {
  std::string out;
  for (;;) {
    last = frame();
    if (!last || last->type != wire::FrameType::kData) return out;
    out += last->payload;
  }
}

UniqueFd unix_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool connect_to(int fd, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

Caller call_socket(const std::string& path) {
  UniqueFd fd = unix_socket();
  if (!connect_to(fd.get(), path)) fd.reset();
  return Caller(std::move(fd));
}

TestRelay::TestRelay(Settings settings, Parent parent) {
  ::signal(SIGPIPE, SIG_IGN);  // as the program does
  std::string folder = std::filesystem::temp_directory_path() / "relay-test-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) give_up("mkdtemp");
  path_ = folder + "/relay.sock";
  auto listener = open_listener(path_, ::getgid());
  if (!listener) give_up(listener.error().text.c_str());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) give_up("socketpair");
  control_.reset(ends[0]);
  auto pair = make_source_pair();
  if (!pair) give_up("make_source_pair");
  binder_ = std::make_shared<SourceBinder>(std::move(pair->parent));
  sources_ = std::thread([binder = binder_, settings, parent] {
    const bool has_clients = std::ranges::any_of(settings.rules, [](const Rule& rule) { return !rule.from.empty(); });
    if (parent == Parent::kIsSilent || !has_clients) return;
    if (!binder->allow(settings)) give_up("CAP_NET_RAW");
    for (; binder->fd() >= 0; binder->serve()) (void)wait_for(binder->fd(), POLLIN);
  });
  auto server = std::make_shared<Server>(*std::move(listener), UniqueFd(ends[1]), SourceAsker(std::move(pair->child)),
                                         std::move(settings));
  if (!server->prepare()) give_up("prepare");
  thread_ = std::thread([server = std::move(server)]() mutable {
    (void)server->run();
    server.reset();
  });
  wait_for_serving();
}

TestRelay::~TestRelay() {
  control_.reset();
  thread_.join();
  sources_.join();
  std::filesystem::remove_all(std::filesystem::path(path_).parent_path());
}

Caller TestRelay::call_for(wire::Kind kind, const net::Endpoint& target) const {
  Caller caller = call();
  if (!caller.ask({.kind = kind, .target = target})) give_up("ask");
  const auto answer = caller.answer();
  if (!answer || answer->status != wire::Status::kOk) give_up("the relay said no");
  return caller;
}

void TestRelay::apply(const Settings& settings) const {
  if (!write_all(control_.get(), encode_message(MessageKind::kSettings, encode_settings(settings)))) give_up("apply");
  wait_for_serving();
}

void TestRelay::answer_sources(const Settings& settings) const {
  if (!binder_->allow(settings)) give_up("CAP_NET_RAW");
  binder_->serve();
}

void TestRelay::drain() const { (void)write_all(control_.get(), encode_message(MessageKind::kDrain)); }

bool TestRelay::ended() const { return read_rest(control_.get()).has_value(); }

clockid_t TestRelay::cpu_clock() {
  clockid_t clock{};
  if (::pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) give_up("the relay's clock");
  return clock;
}

void TestRelay::wait_for_serving() const {
  if (read_exactly(control_.get(), encode_message(MessageKind::kServing).size()).empty()) give_up("not serving");
}

}  // namespace dvpn::relay::test
