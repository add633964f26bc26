// SPDX-License-Identifier: GPL-2.0-or-later
// A netfilter queue in which the rules hold packets: SYNs, first datagrams, pings (libnetfilter_queue and libmnl, fenced here):
// what waits in it, and the verdicts on it.
//
// Theory of operation. Packets stay in the kernel; as much of them as was asked for comes here and a verdict goes back by
// number. Verdicts are collected and sent together before the event loop sleeps again. Nothing here is lost silently: the kernel's queue is as
// long as it can be, our buffer holds what comes while we are busy, and what does not fit goes on unheld
// (NFQA_CFG_F_FAIL_OPEN). While no process has the queue, the rules let everything pass; what it held when its process
// died is dropped, and comes again.
// Owner: the front. Belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "intercept/verdict.h"
#include "net/asio.h"

struct nlmsghdr;

namespace dvpn::intercept {

class PacketQueue {
 public:
  using PacketId = std::uint32_t;
  /// Called from the event loop for each packet, from its IP header on; must not block.
  using Handler = std::function<void(PacketId, std::string_view packet)>;

  /// Takes the queue of that number, and of each packet so many bytes; `key` is what configures the number, `mark_field`: see
  /// verdict.h. Needs CAP_NET_ADMIN then and for every verdict. An error of kConfiguration: another program has that queue; of
  /// kSystem: the kernel or our privileges do not allow it.
  static Result<std::unique_ptr<PacketQueue>> open(const net::Executor& executor, std::uint16_t number, std::uint32_t mark_field,
                                                   std::size_t bytes, std::string_view key);
  PacketQueue(const PacketQueue&) = delete;
  PacketQueue& operator=(const PacketQueue&) = delete;
  ~PacketQueue();

  /// Hands over what arrives, until stop().
  net::Task<> read_loop(Handler handler);

  /// Once for each packet that was handed over.
  void verdict(PacketId packet, Verdict verdict);
  /// The verdicts that there are take effect before it returns.
  void flush();

  /// Sends what verdicts there are and gives the queue back; the kernel drops what still waits in it.
  void stop();

 private:
  PacketQueue(const net::Executor& executor, std::uint16_t number, std::uint32_t mark_field, std::size_t bytes);

  int ask(nlmsghdr* message) const;
  Status configure(std::string_view key) const;
  void take(std::size_t bytes);
  void take_one(const nlmsghdr* message);

  std::uint16_t number_;
  std::uint32_t mark_field_;
  std::size_t bytes_;
  UniqueFd socket_;  // until it is set up
  net::Descriptor descriptor_;
  Handler handler_;
  std::vector<char> input_;
  std::vector<char> verdicts_;  // messages that have not been sent
  bool flush_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what was posted
  std::unordered_map<PacketId, std::uint32_t> marks_;           // of those that have one: other people's bits stay
};

}  // namespace dvpn::intercept
