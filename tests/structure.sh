#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rules of src/DESIGN.md that a compiler does not hold: who may include whom, which module a library's headers stay
# in, how long a file may be, and its licence line. Says each breach as FILE:LINE: WHAT; ends with 1 if there is one.
#   tests/structure.sh [FOLDER]        (the folder that has src/ and tests/ in it; this one by default)
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# A module may use itself and what stands before it.
modules=(base net wire table config relay intercept ssh gateway flow control cli programs)
# The relay uses these alone.
relay_may=' base net wire config relay '
# Files of src/net that programs without Asio can use.
net_plain='net/(address|site_prefix)\.(h|cc)'
longest=500

breaches=0
breach() { echo "$1: $2"; breaches=$((breaches + 1)); }

declare -A rank=()
for i in "${!modules[@]}"; do rank[${modules[i]}]=$i; done

# fence NAME HEADERS ALLOWED: includes that match HEADERS stay in files of src/ that match ALLOWED.
fence() {
  local name=$1 headers=$2 allowed=$3 hit
  while IFS= read -r hit; do
    [[ ${hit%%:*} =~ ^src/($allowed) ]] || breach "$(cut -d: -f1,2 <<<"$hit")" "$name is fenced: its headers stay in src/$allowed"
  done < <(grep -rnE --include='*.h' --include='*.cc' "^ *# *include *[<\"]($headers)" src || true)
}
fence libssh 'libssh/' 'ssh/'
fence yaml-cpp 'yaml-cpp/' 'config/'
fence libnetfilter 'libnetfilter_|libmnl/|libnfnetlink/' 'intercept/'
fence CLI11 'CLI/' '(cli|programs)/'
fence Boost.Beast 'boost/beast' 'control/http_server'
fence libseccomp 'seccomp\.h' 'relay/'
# Asio, itself or through the headers of src/net that bring it.
asio='boost/|net/(asio|condition|connect|deadline|signal|task_group)'
while IFS= read -r hit; do
  breach "$(cut -d: -f1,2 <<<"$hit")" 'no Asio in base, wire, table, config, relay and net/address'
done < <(grep -rnE --include='*.h' --include='*.cc' "^ *# *include *[<\"]($asio)" src |
  grep -E "^src/(base/|wire/|table/|config/|relay/|$net_plain)" || true)

while IFS= read -r hit; do
  file=${hit%%:*}
  place=$(cut -d: -f1,2 <<<"$hit")
  from=$(cut -d/ -f2 <<<"$file")
  to=$(sed -E 's/.*#include "([a-z_]+)\/.*/\1/' <<<"$hit")
  [[ -v rank[$from] ]] || { breach "$place" "'$from' is no module"; continue; }
  [[ -v rank[$to] ]] || { breach "$place" "'$to' is no module"; continue; }
  ((rank[$to] <= rank[$from])) || breach "$place" "$from stands before $to and may not use it"
  [[ $from != relay || $relay_may == *" $to "* ]] || breach "$place" "relay may not use $to"
done < <(grep -rnE --include='*.h' --include='*.cc' '^ *#include "' src)

while IFS= read -r file; do
  lines=$(wc -l <"$file")
  ((lines <= longest)) || breach "$file:$lines" "longer than $longest lines"
done < <(find src -name '*.h' -o -name '*.cc')

while IFS= read -r file; do
  head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || breach "$file:1" 'no SPDX line'
  [[ $file != *.h ]] || grep -q '^#pragma once$' "$file" || breach "$file:1" 'no #pragma once'
done < <(find src tests -path tests/fuzz/corpus -prune -o \( -name '*.h' -o -name '*.cc' -o -name '*.sh' -o -name '*.py' \) -print)

((breaches == 0)) || { echo "$breaches breaches"; exit 1; }
echo 'the structure is as it should be'
