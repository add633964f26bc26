// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "base/unique_fd.h"
#include "cli/columns.h"

namespace dvpn::cli {

namespace {

constexpr std::size_t kLongestAnswer = 4096;

class Terminal : public Asker {
 public:
  explicit Terminal(UniqueFd fd) : fd_(std::move(fd)) {}

  std::optional<std::string> ask(const std::string& question) override {
    const std::string shown = printable(question) + ' ';
    if (::write(fd_.get(), shown.data(), shown.size()) < 0) return std::nullopt;
    std::string answer;
    char byte = 0;
    while (true) {
      const ssize_t count = ::read(fd_.get(), &byte, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return std::nullopt;
      if (byte == '\n') return answer;
      if (answer.size() < kLongestAnswer) answer += byte;
    }
  }

 private:
  UniqueFd fd_;
};

}  // namespace

bool confirm(Asker& asker, const std::string& question, Otherwise otherwise) {
  const auto answer = asker.ask(question);
  if (!answer) return false;
  std::string word = *answer;
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (word.empty()) return otherwise == Otherwise::kYes;
  return word == "y" || word == "yes";
}

std::unique_ptr<Asker> open_terminal() {
  UniqueFd fd(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!fd) return nullptr;
  return std::make_unique<Terminal>(std::move(fd));
}

}  // namespace dvpn::cli
