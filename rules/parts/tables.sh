# shellcheck shell=bash disable=SC2154 # (variables of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# iptables: our chains put in place and taken away, beside everybody else's. (Sourced by dvpn-rules.)

# Which built-in chain jumps to which of ours, and every chain of ours, by table.
declare -rA HOOKS=([filter]='INPUT:DVPN_IN FORWARD:DVPN_FWD OUTPUT:DVPN_OUT'
  [nat]='PREROUTING:DVPN_PRE OUTPUT:DVPN_OUT POSTROUTING:DVPN_POST' [raw]='PREROUTING:DVPN_PRE OUTPUT:DVPN_OUT'
  [mangle]='PREROUTING:DVPN_PRE OUTPUT:DVPN_OUT')
declare -rA CHAINS=([filter]='DVPN_FWD DVPN_GATE DVPN_IN DVPN_LEAK DVPN_NEW DVPN_OUT DVPN_WAN' [nat]='DVPN_CATCH DVPN_OUT DVPN_POST DVPN_PRE'
  [raw]='DVPN_HOLD DVPN_OUT DVPN_OWN DVPN_PRE' [mangle]='DVPN_DGRAM DVPN_OUT DVPN_OWN DVPN_PING DVPN_PRE')

ipt() { local f=$1 what=$2; shift 2; [[ $f == 4 ]] && f=; "ip${f}tables-$use$what" "$@"; }

# table_now FAMILY TABLE: the lines of that table, empty when it does not exist.
table_now() { ipt "$1" -save 2>/dev/null | awk -v t="*$2" '$0 == t { on = 1; next } /^COMMIT/ { on = 0 } on'; }

# detach: from a table's lines, the commands that cut our chains off: no rule outside them may lead into them.
detach() { sed -nE '/^-A DVPN_/d; s/^-A (.* -[jg] DVPN_.*)$/-D \1/p'; }
# our_chains: from a table's lines, the names of all chains of ours, of older versions too.
our_chains() { sed -nE 's/^:(DVPN_[^ ]*) .*/\1/p'; }

install_table() {
  local family=$1 table=$2 now hook chain chains
  now=$(table_now "$family" "$table")
  chains=${CHAINS[$table]}
  refuses || chains=${chains/DVPN_GATE /}
  {
    echo "*$table"
    for chain in $chains; do echo ":$chain - [0:0]"; done
    detach <<<"$now"
    for chain in $(our_chains <<<"$now"); do [[ " $chains " == *" $chain "* ]] || printf -- '-F %s\n-X %s\n' "$chain" "$chain"; done
    for hook in ${HOOKS[$table]}; do echo "-I ${hook%:*} 1 -j ${hook#*:}"; done
    "${table}_rules" "$family"
    echo COMMIT
  } | restore "$family" "$table" || exit
}

remove_table() {
  local family=$1 table=$2 now
  now=$(table_now "$family" "$table")
  [[ $now == *DVPN_* ]] || return 0
  { echo "*$table"; detach <<<"$now"; our_chains <<<"$now" | sed 's/^/-F /'; our_chains <<<"$now" | sed 's/^/-X /'; echo COMMIT; } | restore "$family" "$table" || exit
}

restore() {
  local said
  said=$(ipt "$1" -restore --noflush -w 30 2>&1) || die 3 "table $2, IPv$1: $said"
}

other_variant() { if [[ $use == nft ]]; then echo legacy; else echo nft; fi; }

remove_variant() {
  local use=$1 table family
  for table in raw mangle nat filter; do for family in "${families[@]}"; do remove_table "$family" "$table"; done; done
}
