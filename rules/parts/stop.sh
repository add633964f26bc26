# shellcheck shell=bash disable=SC2154,SC2086 # (variables and numbers of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# The second stop: a routing table by which what came in by the LAN for a VPN prefix goes nowhere. (Sourced by dvpn-rules.)
#
# Programs that write firewall rules flush them, other people's too; they leave routes alone. So each prefix has a route `prohibit` here, each
# of the site's own networks a `throw`, the longest one counts as it does in the sets, and a packet from a LAN interface is looked up here
# before it may be forwarded. While the rules stand nothing that is carried comes so far: by then it has been redirected or is marked.
# The kernel's answer to the rest is the leak stop's own, administratively prohibited. What is to come to the rules in FORWARD has
# a mark of ours (past_the_stop, in mangle.sh): then it is not looked up here. The gateway's own connections are not either: they are
# routed before a rule of OUTPUT could redirect them.
#
# `throw default` changes nothing and is always there: by that the daemon, which follows the table, knows that this one is in use.

readonly STOP_TABLE=7981
readonly STOP_PREF=80 # after what is refused and what is for this machine

stop_install() {
  local family
  for family in "${families[@]}"; do
    if ((${#lan[@]} == 0)); then stop_remove "$family"; continue; fi
    stop_routes "$family"
    stop_rules "$family"
  done
}
stop_remove() {
  local rule
  while read -r rule; do tool 'routing rule' ip "-$1" rule del pref $STOP_PREF $rule; done < <(stop_rules_now "$1")
  [[ -z $(stop_now "$1") ]] || tool 'route' ip "-$1" route flush table $STOP_TABLE
}

# stop_now FAMILY: what the table holds, in lines "TYPE PREFIX", in order; whatever else is there, as it is.
stop_now() {
  local bits=32; (($1 == 6)) && bits=128
  ip "-$1" route show table $STOP_TABLE 2>/dev/null | awk -v bits=$bits -v ours=" proto $PROTO " '
    index($0 " ", ours) { if ($2 !~ /\// && $2 != "default") $2 = $2 "/" bits; print $1, $2; next } { print }' | sort
}
stop_wanted() {
  { echo throw default; sed '/./!d; s/^/throw /' <<<"${networks[$1]}"; sed '/./!d; s/^/prohibit /' <<<"${prefixes[$1]}"; } | awk '!seen[$2]++' | sort
}

# stop_routes FAMILY: by differences, what is new before what is gone goes: none that stays is missing for a moment. A table that
# is not as it should be even then was damaged, and is loaded afresh.
stop_routes() {
  local family=$1 have wanted
  have=$(stop_now "$family") wanted=$(stop_wanted "$family")
  [[ $have != "$wanted" ]] || return 0
  stop_batch "$family" replace < <(comm -13 <(echo "$have") <(echo "$wanted")) || exit
  stop_batch "$family" del < <(awk 'NR == FNR { wanted[$2]; next } NF == 2 && !($2 in wanted)' <(echo "$wanted") <(echo "$have")) || exit
  [[ $(stop_now "$family") != "$wanted" ]] || return 0
  tool 'route' ip "-$family" route flush table $STOP_TABLE
  stop_batch "$family" replace <<<"$wanted" || exit
}
# stop_batch FAMILY COMMAND: for the lines that it reads.
stop_batch() {
  local said
  said=$(sed "s/^/route $2 /; s/\$/ table $STOP_TABLE proto $PROTO/" | ip "-$1" -batch - 2>&1) || die 3 "route: ${said%%$'\n'*}"
}

# stop_rules FAMILY: a rule for each LAN interface; those of others go.
stop_rules() {
  local family=$1 have wanted rule i
  have=$(stop_rules_now "$family")
  wanted=$(for i in "${lan[@]}"; do printf 'from all fwmark 0/0x%x iif %s lookup %s proto %s\n' $(((mark & -mark) * 15)) "$i" $STOP_TABLE $PROTO; done | sort -u)
  [[ $have != "$wanted" ]] || return 0
  while read -r rule; do tool 'routing rule' ip "-$family" rule add pref $STOP_PREF $rule; done < <(comm -13 <(echo "$have") <(echo "$wanted") | grep .)
  while read -r rule; do tool 'routing rule' ip "-$family" rule del pref $STOP_PREF $rule; done < <(comm -23 <(echo "$have") <(echo "$wanted") | grep .)
}
stop_rules_now() { policy_now "$1" | sed -nE "s/ \[detached\]//; s/ +\$//; s/^$STOP_PREF:[[:space:]]+(.* lookup $STOP_TABLE .*)/\1/p" | sort; }
