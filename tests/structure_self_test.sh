#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/structure.sh finds each kind of breach: a small tree with all of them, and one with none.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
licence='// SPDX-License-Identifier: GPL-2.0-or-later'

# file PATH LINE…
file() {
  mkdir -p "$tree/$(dirname "$1")"
  printf '%s\n' "$licence" "${@:2}" >"$tree/$1"
}

file src/table/good.cc '#include "net/address.h"' '#include <vector>'
file src/ssh/good.cc '#include <libssh/libssh.h>'
mkdir -p "$tree/tests"
"$here/structure.sh" "$tree" >/dev/null || { echo 'a tree without a breach is refused'; exit 1; }

file src/table/up.cc '#include "config/file.h"'
file src/relay/table.cc '#include "table/table.h"'
file src/odd/odd.cc '#include "base/text.h"'
file src/flow/ssh.cc '#include <libssh/libssh.h>'
file src/control/yaml.cc '#include <yaml-cpp/yaml.h>'
file src/flow/mnl.cc '#include <libmnl/libmnl.h>'
file src/control/beast.cc '#include <boost/beast/http.hpp>'
file src/wire/asio.cc '#include <boost/asio.hpp>'
file src/relay/asio.cc '#include "net/asio.h"'
file src/base/guard.h 'int x;'
file src/base/long.cc "$(yes '//' | head -n 500)"
echo 'int y;' >"$tree/src/base/licence.cc"

said=$("$here/structure.sh" "$tree") && { echo 'a tree full of breaches passes'; exit 1; }
missing=0
for breach in \
  'src/table/up.cc:2: table stands before config and may not use it' \
  'src/relay/table.cc:2: relay may not use table' \
  "src/odd/odd.cc:2: 'odd' is no module" \
  'src/flow/ssh.cc:2: libssh is fenced: its headers stay in src/ssh/' \
  'src/control/yaml.cc:2: yaml-cpp is fenced: its headers stay in src/config/' \
  'src/flow/mnl.cc:2: libnetfilter is fenced: its headers stay in src/intercept/' \
  'src/control/beast.cc:2: Boost.Beast is fenced: its headers stay in src/control/http_server' \
  'src/wire/asio.cc:2: no Asio in base, wire, table, config, relay and net/address' \
  'src/relay/asio.cc:2: no Asio in base, wire, table, config, relay and net/address' \
  'src/base/guard.h:1: no #pragma once' \
  'src/base/long.cc:501: longer than 500 lines' \
  'src/base/licence.cc:1: no SPDX line' \
  '12 breaches'; do
  grep -qxF -- "$breach" <<<"$said" || { echo "not said: $breach"; missing=1; }
done
((missing == 0)) || { echo "$said"; exit 1; }
echo 'each kind of breach is found'
