// SPDX-License-Identifier: GPL-2.0-or-later
// Pipes for splice(2), lent while bytes are in transit and given back at once: an idle flow holds none.
//
// An account without privileges may own 64 MiB of pipes in all (/proc/sys/fs/pipe-user-pages-soft); after that it gets
// pipes of 8 KiB, over which splicing is slower than copying. So the first few are made large, the others keep the
// usual 64 KiB, and one that turns out smaller is not lent at all: the caller copies instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/unique_fd.h"

namespace dvpn::relay {

struct Pipe {
  UniqueFd out;  ///< the end to read from
  UniqueFd in;
  std::size_t size = 0;
};

class PipePool {
 public:
  explicit PipePool(std::uint32_t most) : most_(most) {}

  void set_most(std::uint32_t most) { most_ = most; }

  /// An empty pipe, or null when all are lent or none can be made.
  std::unique_ptr<Pipe> lend();

  /// `left`: bytes that are still in it; such a pipe is closed.
  void give_back(std::unique_ptr<Pipe> pipe, std::size_t left);

  std::uint32_t lent() const { return lent_; }

 private:
  std::unique_ptr<Pipe> make();

  std::vector<std::unique_ptr<Pipe>> idle_;
  std::uint32_t most_;
  std::uint32_t lent_ = 0;
  std::uint32_t large_ = 0;
};

}  // namespace dvpn::relay
