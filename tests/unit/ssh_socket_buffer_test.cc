// SPDX-License-Identifier: GPL-2.0-or-later
// The calls that libssh makes, as they behave beneath it.
#include "ssh/socket_buffer.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "base/unique_fd.h"

namespace dvpn::ssh {
namespace {

struct Pair {
  Pair() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    near.reset(fds[0]);
    far.reset(fds[1]);
  }
  void send(const std::string& text) const { EXPECT_EQ(::send(far.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size())); }
  int in_kernel() const {
    int bytes = 0;
    ::ioctl(near.get(), FIONREAD, &bytes);
    return bytes;
  }
  std::string take(std::size_t size) const {
    std::string out(size, '\0');
    const ssize_t n = ::recv(near.get(), out.data(), size, 0);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }
  /// All that has come at the other end.
  std::string arrived() const {
    std::string out(4u << 20, '\0');
    const ssize_t n = ::recv(far.get(), out.data(), out.size(), 0);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }
  short ready(short events) const {
    pollfd fd = {near.get(), events, 0};
    return ::poll(&fd, 1, 0) == 1 ? fd.revents : short{0};
  }
  UniqueFd near, far;
};

TEST(SocketBuffer, ReadsWhatThereIsAndGivesItInPieces) {
  const Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  pair.send("abcdefghij");
  EXPECT_EQ(pair.ready(POLLIN), 0) << "nobody has said that there is input";
  buffer.readable();
  EXPECT_TRUE(buffer.pending());
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  EXPECT_EQ(pair.in_kernel(), 0);
  EXPECT_EQ(pair.take(4), "abcd");
  pair.send("klm");
  EXPECT_EQ(pair.take(4), "efgh");
  EXPECT_TRUE(buffer.pending());
  EXPECT_EQ(pair.take(4), "ij");  // what follows is another read
  EXPECT_FALSE(buffer.pending());
  EXPECT_EQ(pair.ready(POLLIN), 0);
  buffer.readable();
  EXPECT_EQ(pair.ready(POLLIN | POLLOUT), POLLIN | POLLOUT);
  EXPECT_EQ(pair.take(4), "klm");
}

TEST(SocketBuffer, NeverSaysThatThereIsInputWhenThereIsNone) {
  const Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  buffer.readable();
  EXPECT_EQ(pair.ready(POLLIN), 0);
  EXPECT_FALSE(buffer.pending());
}

TEST(SocketBuffer, AfterALargeReadLooksForMore) {
  const Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  const std::string large(32u << 10, 'x');
  pair.send(large);
  buffer.readable();
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  EXPECT_EQ(pair.take(large.size()), large);
  pair.send("more");
  EXPECT_TRUE(buffer.pending());
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  EXPECT_EQ(pair.take(9), "more");
}

TEST(SocketBuffer, TheEndComesAfterTheLastByte) {
  Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  pair.send("ab");
  pair.far.reset();
  buffer.readable();
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  EXPECT_EQ(pair.take(1), "a");
  EXPECT_EQ(pair.take(1), "b");
  buffer.readable();
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  char byte;
  EXPECT_EQ(::recv(pair.near.get(), &byte, 1, 0), 0);
}

TEST(SocketBuffer, AnErrorIsGivenOnce) {
  const Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  ::shutdown(pair.near.get(), SHUT_RDWR);
  EXPECT_EQ(::send(pair.near.get(), "x", 1, 0), 1) << "it is only collected";
  EXPECT_EQ(buffer.flush(), SocketBuffer::Flush::kFailed);
  EXPECT_EQ(errno, EPIPE);
}

TEST(SocketBuffer, AWriteNeverFailsWhateverItsSize) {
  const Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  ::shutdown(pair.near.get(), SHUT_RDWR);
  const std::string large(64u << 10, 'x');
  EXPECT_EQ(::send(pair.near.get(), large.data(), large.size(), 0), static_cast<ssize_t>(large.size())) << "libssh would close the socket";
  EXPECT_EQ(buffer.flush(), SocketBuffer::Flush::kFailed);
  EXPECT_EQ(errno, EPIPE);
}

TEST(SocketBuffer, ASecondSessionReadsPlainlyWhileTheBufferIsInUse) {
  const Pair one, two;
  SocketBuffer first, second;
  first.attach(one.near.get());
  second.attach(two.near.get());
  one.send("abcd");
  two.send("wxyz");
  first.readable();
  second.readable();
  EXPECT_EQ(one.ready(POLLIN), POLLIN);
  EXPECT_EQ(one.take(2), "ab");
  EXPECT_EQ(two.ready(POLLIN), POLLIN);
  EXPECT_EQ(two.take(2), "wx");
  EXPECT_EQ(two.in_kernel(), 2);
  EXPECT_EQ(one.take(9), "cd");
  EXPECT_EQ(two.ready(POLLIN), POLLIN);
  EXPECT_EQ(two.take(9), "yz");
  EXPECT_EQ(two.ready(POLLIN), 0);
}

TEST(SocketBuffer, CollectsWhatIsSmallUntilItIsFlushed) {
  const Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  EXPECT_EQ(::send(pair.near.get(), "ab", 2, 0), 2);
  EXPECT_EQ(::send(pair.near.get(), "cd", 2, 0), 2);
  EXPECT_EQ(buffer.unsent(), 4u);
  EXPECT_EQ(pair.arrived(), "");
  EXPECT_EQ(buffer.flush(), SocketBuffer::Flush::kDone);
  EXPECT_EQ(buffer.unsent(), 0u);
  EXPECT_EQ(pair.arrived(), "abcd");
}

TEST(SocketBuffer, WhatTheKernelDoesNotTakeWaitsInOrder) {
  const Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  std::string sent, got;
  for (char c = 'a'; c <= 'z'; ++c) {
    const std::string part(64u << 10, c);
    ASSERT_EQ(::send(pair.near.get(), part.data(), part.size(), 0), static_cast<ssize_t>(part.size()));
    sent += part;
  }
  EXPECT_GT(buffer.unsent(), 0u);
  EXPECT_EQ(buffer.flush(), SocketBuffer::Flush::kBlocked);
  while (got.size() < sent.size()) {
    const std::string more = pair.arrived();
    ASSERT_FALSE(more.empty());
    got += more;
    EXPECT_NE(buffer.flush(), SocketBuffer::Flush::kFailed);
  }
  EXPECT_EQ(got, sent);
  EXPECT_EQ(buffer.unsent(), 0u);
}

TEST(SocketBuffer, ANumberThatWasGivenBackIsAnOrdinaryDescriptor) {
  const Pair pair;
  SocketBuffer buffer;
  buffer.attach(pair.near.get());
  pair.send("abcd");
  buffer.readable();
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  buffer.detach();
  EXPECT_FALSE(buffer.pending());
  EXPECT_EQ(pair.ready(POLLIN), 0);
  pair.send("efgh");
  EXPECT_EQ(pair.take(2), "ef");
  EXPECT_EQ(pair.in_kernel(), 2);
}

TEST(SocketBuffer, OthersReadAsEver) {
  const Pair pair;
  pair.send("abcd");
  EXPECT_EQ(pair.take(2), "ab");
  EXPECT_EQ(pair.in_kernel(), 2);
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  EXPECT_EQ(pair.take(9), "cd");
}

TEST(Overhearing, KeepsTheFirstThatIsTakenFromOneDescriptor) {
  const Pair pair, other;
  std::string heard;
  pair.send("abcdefgh");
  other.send("xyz");
  {
    const Overhearing overhearing(pair.near.get(), heard, 6);
    EXPECT_EQ(other.take(9), "xyz");
    EXPECT_EQ(pair.take(4), "abcd");
  }
  EXPECT_EQ(pair.take(1), "e");
  {
    const Overhearing overhearing(pair.near.get(), heard, 6);
    EXPECT_EQ(pair.take(9), "fgh");
  }
  EXPECT_EQ(heard, "abcdfg");
}

}  // namespace
}  // namespace dvpn::ssh
