// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace dvpn::config {
namespace {

class File : public ::testing::Test {
 protected:
  File() {
    char form[] = "/tmp/dvpn-file-XXXXXX";
    folder_ = ::mkdtemp(form);
  }
  ~File() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(File, IsReadWhole) {
  const std::string path = folder_ + "/f";
  const std::string content = "a\n" + std::string(100'000, '\0') + "b";
  std::ofstream(path, std::ios::binary) << content;
  EXPECT_EQ(read_file(path).value(), content);
}

TEST_F(File, OfTheKernelThatClaimsToBeEmptyIsReadWhole) {
  EXPECT_TRUE(read_file("/proc/self/status").value().starts_with("Name:"));
}

/// What a sysctl says comes with one read(2) or not at all.
TEST_F(File, ThatIsASettingOfTheKernelIsReadWhole) {
  struct utsname kernel {};
  ASSERT_EQ(::uname(&kernel), 0);
  EXPECT_EQ(read_file("/proc/sys/kernel/osrelease").value(), kernel.release + std::string("\n"));
}

TEST_F(File, LargerThanTheBoundIsRefused) {
  const std::string path = folder_ + "/f";
  std::ofstream(path) << "12345";
  EXPECT_EQ(read_file(path, 5).value(), "12345");
  EXPECT_EQ(read_file(path, 4).error().text, path + ": is larger than 4 bytes");
  EXPECT_EQ(read_file("/proc/self/status", 4).error().text, "/proc/self/status: is larger than 4 bytes");
}

TEST_F(File, ThatIsNoneIsRefusedWithoutWaiting) {
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(read_file(fifo).error().text, fifo + ": is no regular file");
  EXPECT_EQ(read_file(folder_).error().text, folder_ + ": is no regular file");
  EXPECT_EQ(read_file(folder_ + "/none").error().text, folder_ + "/none: No such file or directory");
  EXPECT_EQ(read_file(folder_ + "/none").error().kind, ErrorKind::kConfiguration);
}

}  // namespace
}  // namespace dvpn::config
