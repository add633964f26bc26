// SPDX-License-Identifier: GPL-2.0-or-later
// Whose turn it is to shake hands with an sshd. That counts who has not authenticated yet (MaxStartups: from ten on a stock one
// begins to refuse, whoever asks), and each worker has sessions of its own: sixteen workers with a flow for the same gateway
// would be sixteen at once. So they take turns, and one that fails spares those who wait for their own try.
//
// Theory of operation. A Turn is asked for by being made, has its turn or waits for it, and gives it back by going. Whoever waits is
// woken when there is something new: it has its turn now, or the failure of another's is its own. Who has failed and puts its next try
// off keeps a Setback, which is over as soon as another one gets in. This is the one thing that workers share, besides snapshots; a lock
// guards it, which is held for nanoseconds, a few times a session's life. No Asio, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "net/address.h"
#include "ssh/failure.h"

namespace dvpn::gateway {

class Turns {
  using Key = std::pair<std::string, net::Port>;

 public:
  Turns() = default;
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  class Turn {
   public:
    enum class State : std::uint8_t { kWaits, kHas, kFailed };

    /// At most `most` have their turn with this sshd at once. `wake` is called once at most, from any thread, while this waits and
    /// under the lock: it posts, and does nothing else. `turns` outlives this.
    Turn(Turns& turns, std::string host, net::Port port, std::size_t most, std::function<void()> wake);
    /// Gives the turn to the next one.
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    State state() const;
    /// Of kFailed: what another one met.
    ssh::SessionFailure failure() const;
    /// It had its turn and met this: so do all that wait now.
    void failed(const ssh::SessionFailure& failure);
    /// It had its turn and was let in: the setbacks of the others with this sshd are over.
    void succeeded();

   private:
    friend class Turns;

    Turns& turns_;
    const Key key_;
    const std::size_t most_;
    const std::function<void()> wake_;
    State state_ = State::kWaits;
    std::optional<ssh::SessionFailure> failure_;
  };

  /// Kept by a worker from the failure of its try to the next one. `turns` outlives this.
  class Setback {
   public:
    Setback(Turns& turns, std::string host, net::Port port);
    ~Setback();
    Setback(const Setback&) = delete;
    Setback& operator=(const Setback&) = delete;

    /// Another one has been let in since: there is no need to wait any longer.
    bool over() const;

   private:
    friend class Turns;

    Turns& turns_;
    const Key key_;
    bool over_ = false;
  };

 private:
  struct Line {
    std::size_t at_it = 0;
    std::list<Turn*> waiting;
    std::list<Setback*> set_back;

    bool empty() const { return at_it == 0 && waiting.empty() && set_back.empty(); }
  };
  void let_in(Line& line);

  mutable std::mutex mutex_;
  std::map<Key, Line> lines_;  // those with somebody in them
};

}  // namespace dvpn::gateway
