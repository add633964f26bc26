// SPDX-License-Identifier: GPL-2.0-or-later
// The calls that libssh makes, as they behave beneath it.
#include "ssh/read_ahead.h"

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
  short ready(short events) const {
    pollfd fd = {near.get(), events, 0};
    return ::poll(&fd, 1, 0) == 1 ? fd.revents : short{0};
  }
  UniqueFd near, far;
};

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST(ReadAhead, TakesAllAtOnceAndGivesItInPieces) {
  const Pair pair;
  ReadAhead ahead;
  ahead.attach(pair.near.get());
  pair.send("abcdefghij");
  EXPECT_FALSE(ahead.pending());
  EXPECT_EQ(pair.take(4), "abcd");
  EXPECT_EQ(pair.in_kernel(), 0);
  EXPECT_TRUE(ahead.pending());
  pair.send("klm");
  EXPECT_EQ(pair.take(4), "efgh");
  EXPECT_EQ(pair.take(4), "ij");  // what follows is another read
  EXPECT_FALSE(ahead.pending());
  EXPECT_EQ(pair.take(4), "klm");
  EXPECT_EQ(pair.take(4), "");
  EXPECT_EQ(errno, EAGAIN);
}

TEST(ReadAhead, PollKnowsOfWhatIsPending) {
  const Pair pair;
  ReadAhead ahead;
  ahead.attach(pair.near.get());
  EXPECT_EQ(pair.ready(POLLIN), 0);
  pair.send("abcd");
  EXPECT_EQ(pair.take(1), "a");
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  EXPECT_EQ(pair.ready(POLLIN | POLLOUT), POLLIN | POLLOUT);
  EXPECT_EQ(pair.ready(POLLOUT), POLLOUT);
  EXPECT_EQ(pair.take(9), "bcd");
  EXPECT_EQ(pair.ready(POLLIN), 0);
}

TEST(ReadAhead, TheEndComesAfterTheLastByte) {
  Pair pair;
  ReadAhead ahead;
  ahead.attach(pair.near.get());
  pair.send("ab");
  pair.far.reset();
  EXPECT_EQ(pair.take(1), "a");
  EXPECT_EQ(pair.take(1), "b");
  char byte;
  EXPECT_EQ(::recv(pair.near.get(), &byte, 1, 0), 0);
}

TEST(ReadAhead, ASecondSessionReadsPlainlyWhileTheBufferIsInUse) {
  const Pair one, two;
  ReadAhead first, second;
  first.attach(one.near.get());
  second.attach(two.near.get());
  one.send("abcd");
  two.send("wxyz");
  EXPECT_EQ(one.take(2), "ab");
  EXPECT_EQ(two.take(2), "wx");
  EXPECT_FALSE(second.pending());
  EXPECT_EQ(two.in_kernel(), 2);
  EXPECT_EQ(one.take(9), "cd");
  EXPECT_EQ(two.take(9), "yz");
}

TEST(ReadAhead, ANumberThatWasGivenBackIsAnOrdinaryDescriptor) {
  const Pair pair;
  ReadAhead ahead;
  ahead.attach(pair.near.get());
  pair.send("abcd");
  EXPECT_EQ(pair.take(1), "a");
  ahead.detach();
  EXPECT_FALSE(ahead.pending());
  EXPECT_EQ(pair.ready(POLLIN), 0);
  pair.send("efgh");
  EXPECT_EQ(pair.take(2), "ef");
  EXPECT_EQ(pair.in_kernel(), 2);
}

#endif

TEST(ReadAhead, OthersReadAsEver) {
  const Pair pair;
  pair.send("abcd");
  EXPECT_EQ(pair.take(2), "ab");
  EXPECT_EQ(pair.in_kernel(), 2);
  EXPECT_EQ(pair.ready(POLLIN), POLLIN);
  EXPECT_EQ(pair.take(9), "cd");
}

}  // namespace
}  // namespace dvpn::ssh
