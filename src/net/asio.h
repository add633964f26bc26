// SPDX-License-Identifier: GPL-2.0-or-later
// The names that the daemon uses of Boost.Asio. One concrete executor type everywhere: an io_context's own, so that a
// resumed coroutine costs no virtual call.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace dvpn::net {

namespace asio = boost::asio;
using boost::system::error_code;

using Executor = asio::io_context::executor_type;

/// A coroutine. It runs on the executor that it was spawned on, and only there.
template <class T = void>
using Task = asio::awaitable<T, Executor>;

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using UnixSocket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;
using UnixAcceptor = asio::basic_socket_acceptor<asio::local::stream_protocol, Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

/// `co_await operation(…, use_result)` gives a tuple that starts with the error_code instead of throwing.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> use_result{};

}  // namespace dvpn::net
