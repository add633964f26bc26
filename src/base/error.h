// SPDX-License-Identifier: GPL-2.0-or-later
// Errors as values. Kinds are grouped by what the caller does about them.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace dvpn {

enum class ErrorKind {
  kRetry,          ///< passing trouble of the network or a peer: try again later, with back-off
  kRefused,        ///< the peer understood and said no: do not repeat the same request
  kConfiguration,  ///< an operator has to change something before it can work
  kLimit,          ///< a bound of ours was reached
  kSystem,         ///< a system call failed for a reason that we do not expect
};

/// What went wrong, as a sentence without a full stop: place first, then the fact, then the remedy if there is one.
struct Error {
  ErrorKind kind;
  std::string text;
};

template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string text) {
  return std::unexpected(Error{kind, std::move(text)});
}

/// "WHAT: strerror(ERRNO)" of kind kSystem. `number` is an errno value.
std::unexpected<Error> fail_errno(std::string_view what, int number);

/// The text of an errno value; thread-safe.
std::string errno_text(int number);

}  // namespace dvpn
