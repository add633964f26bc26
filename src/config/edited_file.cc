// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/edited_file.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>

#include "base/text.h"
#include "config/file.h"

namespace dvpn::config {

namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr int kLookAgainMs = 50;
constexpr mode_t kFreshMode = 0644;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::unexpected<Error> failed(const std::string& path, std::string_view what, int number) {
  return fail(ErrorKind::kSystem, text(path, ": ", what, ": ", errno_text(number)));
}

/// Where the file itself is, behind symbolic links; the path if there is none yet.
Result<std::string> resolved(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  if (real) return std::string(real.get());
  if (errno == ENOENT) return path;
  return failed(path, "cannot be found", errno);
}

/// Held until the descriptor is closed. The file may have been replaced while we waited: then the new one has to be locked.
Result<UniqueFd> lock(const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) return failed(path, "cannot be read", errno);
    const bool locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK) return failed(path, "cannot be locked", errno);
    struct stat mine {};
    struct stat there {};
    const bool same = ::fstat(file.get(), &mine) == 0 && ::stat(path.c_str(), &there) == 0 && mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
    if (locked && same) return file;
    if (std::chrono::steady_clock::now() > deadline) return fail(ErrorKind::kSystem, text(path, ": another program holds its lock (flock)"));
    if (!locked) ::poll(nullptr, 0, kLookAgainMs);
  }
}

/// A file that goes away again unless it was renamed.
class FreshFile {
 public:
  explicit FreshFile(const std::string& beside) : path_(beside + ".dvpn-XXXXXX"), fd_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  ~FreshFile() {
    if (fd_ && !kept_) ::unlink(path_.c_str());
  }
  FreshFile(const FreshFile&) = delete;
  FreshFile& operator=(const FreshFile&) = delete;

  int fd() const { return fd_.get(); }

  bool write(std::string_view content) const {
    while (!content.empty()) {
      const ssize_t n = ::write(fd_.get(), content.data(), content.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      content.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  bool rename_to(const std::string& path) {
    kept_ = ::rename(path_.c_str(), path.c_str()) == 0;
    return kept_;
  }

 private:
  std::string path_;
  UniqueFd fd_;
  bool kept_ = false;
};

}  // namespace

Result<EditedFile> EditedFile::open(const std::string& path) {
  auto real = resolved(path);
  if (!real) return std::unexpected(real.error());
  EditedFile file;
  file.path_ = std::move(*real);
  if (::stat(file.path_.c_str(), &file.facts_) != 0 && errno == ENOENT) {
    file.facts_ = {};
    file.facts_.st_mode = kFreshMode;
    file.facts_.st_uid = ::geteuid();
    file.facts_.st_gid = ::getegid();
    return file;
  }
  auto locked = lock(file.path_);
  if (!locked) return std::unexpected(locked.error());
  file.lock_ = std::move(*locked);
  if (::fstat(file.lock_.get(), &file.facts_) != 0) return failed(file.path_, "cannot be read", errno);
  auto content = read_file(file.path_);
  if (!content) return std::unexpected(content.error());
  file.content_ = std::move(*content);
  file.found_ = file.content_;
  file.was_there_ = true;
  return file;
}

Status EditedFile::put_back() {
  if (was_there_) return replace(found_);
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return failed(path_, "cannot be taken away again", errno);
  content_.clear();
  return {};
}

Status EditedFile::replace(std::string_view content) {
  FreshFile fresh(path_);
  if (fresh.fd() < 0) return failed(path_, "no file can be made beside it", errno);
  if (!fresh.write(content)) return failed(path_, "the new text cannot be written", errno);
  if (::fchown(fresh.fd(), facts_.st_uid, facts_.st_gid) != 0) return failed(path_, "its owner cannot be kept", errno);
  if (::fchmod(fresh.fd(), facts_.st_mode & 07777) != 0) return failed(path_, "its mode cannot be kept", errno);
  if (::fsync(fresh.fd()) != 0) return failed(path_, "the new text cannot be written", errno);
  if (!fresh.rename_to(path_)) return failed(path_, errno == EBUSY ? "it is a mount point and cannot be replaced" : "cannot be replaced", errno);
  const UniqueFd folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return failed(path_, "is replaced, but the disk may not have it yet", errno);
  content_ = content;
  return {};
}

}  // namespace dvpn::config
