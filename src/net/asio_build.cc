// SPDX-License-Identifier: GPL-2.0-or-later
// Boost.Asio, compiled once for the whole program (BOOST_ASIO_SEPARATE_COMPILATION).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wshadow"
#include <boost/asio/impl/src.hpp>
#pragma GCC diagnostic pop
