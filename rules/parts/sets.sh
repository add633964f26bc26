# shellcheck shell=bash disable=SC2154 # (variables of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# The sets of prefixes. (Sourced by dvpn-rules.)

readonly MAXELEM=262144  # prefixes a set can hold

set_exists() { [[ $'\n'$(ipset list -name)$'\n' == *$'\n'"$1"$'\n'* ]]; }
inet_of() { if [[ $1 == 4 ]]; then echo inet; else echo inet6; fi; }

# set_text NAME FAMILY PREFIXES NOMATCH: a set as `ipset restore` reads it.
set_text() {
  echo "create $1 hash:net family $(inet_of "$2") maxelem $MAXELEM"
  printf '%s\n' "$3" | sed "/./!d; s|^|add $1 |"
  printf '%s\n' "$4" | sed "/./!d; s|^|add $1 |; s|\$| nomatch|"
}

# replace_set NAME FAMILY PREFIXES NOMATCH: no packet ever meets a set that is partly filled.
replace_set() {
  local name=$1 fresh=DVPN_FRESH said
  if set_exists "$name"; then
    [[ $(ipset list -terse "$name") == *'Type: hash:net'$'\n'* ]] || die 3 "set $name exists and is not ours (it is no hash:net)"
  fi
  set_exists $fresh && tool "set $fresh" ipset destroy $fresh
  said=$(set_text $fresh "$2" "$3" "$4" | ipset restore 2>&1) || { ipset destroy $fresh 2>/dev/null; die 3 "set $name: $said"; }
  if set_exists "$name"; then
    said=$(ipset swap $fresh "$name" 2>&1) || { ipset destroy $fresh; die 3 "set $name: $said"; }
    tool "set $fresh" ipset destroy $fresh
  else
    tool "set $name" ipset rename $fresh "$name"
  fi
}

# our_sets: the sets in place. NAME-own4 stands beside NAME4, and is made first: that is how they are known, whatever
# the configuration says by now.
our_sets() {
  local name rest
  ipset save | awk -v max=$MAXELEM '$1 == "create" && $2 ~ /.-own[46]$/ && $3 == "hash:net" && index($0, " maxelem " max " ") { print $2 }' |
    while read -r name; do
      rest=${name%-own[46]}${name: -1}
      echo "$name"
      if set_exists "$rest"; then echo "$rest"; fi
    done | sort
}
