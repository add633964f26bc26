// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/datagrams.h"

#include <sys/socket.h>

#include <cerrno>

#include "intercept/datagram_socket.h"
#include "intercept/ip_packet.h"

namespace dvpn::flow {

DatagramCounts& DatagramCounts::operator+=(const DatagramCounts& other) {
  up += other.up;
  down += other.down;
  dropped_up += other.dropped_up;
  dropped_down += other.dropped_down;
  unreachable += other.unreachable;
  unanswered += other.unanswered;
  return *this;
}

net::error_code Datagrams::take(UniqueFd stand_in) {
  net::error_code error;
  socket.assign(stand_in.get(), error);
  if (!error) (void)stand_in.release();
  return error;
}

void Datagrams::allow_many() {
  if (socket.is_open()) intercept::hold_datagrams(socket.native_handle(), intercept::kManyDatagrams);
}

void Datagrams::close() {
  count_ = count();
  net::error_code ignored;
  socket.close(ignored);
}

void Datagrams::note_up(std::size_t payload) {
  ++count_.up;
  last_payload_ = payload;
  active = Clock::now();
}

void Datagrams::give(std::string_view datagram) {
  active = Clock::now();
  for (int tries = 0; tries < 2; ++tries) {
    if (::send(socket.native_handle(), datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
      ++count_.down;
      return;
    }
    // The error of an earlier one is told at the next call; then this one has not been sent.
    if (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE) break;
  }
  ++count_.dropped_down;
}

void Datagrams::send(const net::Address& client, const std::string& packet) {
  active = Clock::now();
  const bool sent = sender_ != nullptr && sender_->send(client, packet);
  ++(sent ? count_.down : count_.dropped_down);
}

void Datagrams::tell(const net::Endpoint& client, const net::Endpoint& target, intercept::Verdict verdict) {
  tell(intercept::quoted_datagram(client, target, last_payload_), verdict);
}

void Datagrams::tell(const intercept::Quoted& datagram, intercept::Verdict verdict) {
  ++count_.unreachable;
  if (sender_ == nullptr || !told_.allow(Clock::now())) return;
  sender_->send(datagram.from, intercept::icmp_error(datagram, verdict));
}

DatagramCounts Datagrams::count() const {
  DatagramCounts all = count_;
  if (book) all.unanswered = book->unanswered();
  if (socket.is_open()) all.dropped_up += intercept::dropped_by_kernel(const_cast<net::Descriptor&>(socket).native_handle());
  return all;
}

}  // namespace dvpn::flow
