// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn map set|remove|rename|import` on real files: what changes, what does not, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/unique_fd.h"
#include "cli/app.h"
#include "config/file.h"

namespace dvpn::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTable = "10.0.32.1 thursday #! 203.0.113.7\n";

class DvpnMapEdit : public ::testing::Test {
 protected:
  DvpnMapEdit() {
    char form[] = "/tmp/dvpn-edit-XXXXXX";
    folder_ = ::mkdtemp(form);
    table_ = folder_ + "/hosts";
    write(kTable);
  }
  ~DvpnMapEdit() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& content) const { std::ofstream(table_) << content; }
  std::string content() const { return *config::read_file(table_); }

  int map(std::vector<std::string> words) {
    words.insert(words.begin(), "map");
    words.insert(words.end(), {"--table", table_});
    std::ostringstream out;
    std::ostringstream err;
    const int code = run(words, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string folder_;
  std::string table_;
  std::string out_;
  std::string err_;
};

TEST_F(DvpnMapEdit, SetAddsALineOfWords) {
  EXPECT_EQ(map({"set", "10.0.33.1", "friday,fri", "203.0.113.9,gw.example:2222", "10.0.33.0/24", "choose=load"}), 0) << err_;
  EXPECT_EQ(content(), std::string(kTable) + "10.0.33.1 friday fri #! 203.0.113.9,gw.example:2222 10.0.33.0/24 choose=load\n");
  EXPECT_THAT(out_, HasSubstr("+10.0.33.1 friday fri #!"));
}

TEST_F(DvpnMapEdit, ADryRunShowsAndChangesNothing) {
  EXPECT_EQ(map({"remove", "thursday", "--dry-run"}), 0);
  EXPECT_THAT(out_, HasSubstr("-10.0.32.1 thursday #! 203.0.113.7\n"));
  EXPECT_EQ(content(), kTable);
}

TEST_F(DvpnMapEdit, WhatWouldNotBeATableIsRefused) {
  EXPECT_EQ(map({"set", "10.0.33.1", "friday", "203.0.113.9:70000"}), 65);
  EXPECT_THAT(err_, HasSubstr("port 70000 is out of range"));
  EXPECT_EQ(content(), kTable);
  EXPECT_EQ(map({"set", "10.0.40.1", "other", "203.0.113.9", "10.0.32.0/24"}), 65) << "the same prefix for two gateways";
  EXPECT_EQ(content(), kTable);
  EXPECT_EQ(map({"set", "10.0.33.1", "friday", "203.0.113.9\n10.0.34.1 x #! 192.0.2.1"}), 1);
  EXPECT_EQ(content(), kTable);
}

TEST_F(DvpnMapEdit, AMistakeThatIsThereAlreadyIsSaidFirst) {
  write("10.0.32.1 thursday #! 203.0.113.7:0\n");
  EXPECT_EQ(map({"set", "10.0.33.1", "friday", "203.0.113.9"}), 65);
  EXPECT_THAT(err_, HasSubstr("mend them with an editor first"));
}

TEST_F(DvpnMapEdit, NoSuchLineIsANo) {
  EXPECT_EQ(map({"remove", "friday"}), 1);
  EXPECT_EQ(map({"rename", "friday", "saturday"}), 1);
}

TEST_F(DvpnMapEdit, OwnerModeAndSymbolicLinkStay) {
  ASSERT_EQ(::chmod(table_.c_str(), 0640), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(table_.c_str(), 1, 2), 0);
  }
  const std::string link = folder_ + "/link";
  ASSERT_EQ(::symlink("hosts", link.c_str()), 0);
  const std::string real = table_;
  table_ = link;
  EXPECT_EQ(map({"rename", "thursday", "donnerstag"}), 0) << err_;
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  struct stat facts {};
  ASSERT_EQ(::stat(real.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0640u);
  if (::geteuid() == 0) {
    EXPECT_EQ(facts.st_uid, 1u);
    EXPECT_EQ(facts.st_gid, 2u);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2) << "nothing is left beside it";
}

TEST_F(DvpnMapEdit, ATableThatIsNotThereIsMade) {
  std::filesystem::remove(table_);
  EXPECT_EQ(map({"set", "10.0.33.1", "friday", "203.0.113.9"}), 0) << err_;
  EXPECT_EQ(content(), "10.0.33.1 friday #! 203.0.113.9\n");
}

TEST_F(DvpnMapEdit, AFolderThatIsNotThereIsAnErrorOfTheDisk) {
  table_ = folder_ + "/nowhere/hosts";
  EXPECT_EQ(map({"set", "10.0.33.1", "friday", "203.0.113.9"}), 73);
  EXPECT_THAT(err_, HasSubstr("No such file or directory"));
}

TEST_F(DvpnMapEdit, ManyAtOnceLoseNothing) {
  constexpr int kMany = 8;
  std::vector<pid_t> children;
  for (int i = 0; i < kMany; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(map({"set", "10.1." + std::to_string(i) + ".1", "site" + std::to_string(i), "203.0.113.9"}));
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  for (int i = 0; i < kMany; ++i) EXPECT_THAT(content(), HasSubstr(" site" + std::to_string(i) + " "));
}

TEST_F(DvpnMapEdit, ImportIsWholeOrNothing) {
  const std::string other = folder_ + "/other";
  std::ofstream(other) << "10.0.33.1 friday #! 203.0.113.9\n10.0.34.1 bad #! 203.0.113.9:0\n";
  EXPECT_EQ(map({"import", other}), 65);
  EXPECT_EQ(content(), kTable);
  std::ofstream(other) << "10.0.33.1 friday #! 203.0.113.9\n";
  EXPECT_EQ(map({"import", other, "--json"}), 0);
  const auto answer = nlohmann::json::parse(out_);
  EXPECT_EQ(answer["changes"].size(), 1u);
  EXPECT_EQ(answer["written"], true);
  EXPECT_EQ(map({"import", other}), 0);
  EXPECT_THAT(out_, HasSubstr("it is so already"));
}

}  // namespace
}  // namespace dvpn::cli
