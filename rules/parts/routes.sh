# shellcheck shell=bash disable=SC2154,SC2086 # (variables and numbers of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# Routes and routing rules that the rules need. (Sourced by dvpn-rules.)

readonly PROTO=79           # routing protocol number by which our routes and routing rules are found again
readonly REFUSED_TABLE=7979 # routing table of what is to be refused
readonly OURS_TABLE=7980    # routing table of what is for this machine although its address is not
readonly METRIC=2147483000  # worse than any route that somebody else would install

# The gateway's own IPv6 to a prefix without a route would fail before OUTPUT is asked, so nothing could redirect it.
# A default route on lo, worse than any other, lets it come that far; what is not redirected there is refused at once
# by DVPN_OUT. For forwarded packets the kernel makes it a "no route", as without it. Only for a site with IPv6.
route_wanted() { [[ " ${families[*]} " == *' 6 '* && -n ${networks[6]}${prefixes[6]} ]]; }
route_remove() { [[ -z $(ip -6 route show proto $PROTO) ]] || tool 'route' ip -6 route flush proto $PROTO; }
route_install() {
  if ! route_wanted; then route_remove; return; fi
  [[ $(ip -6 route show proto $PROTO | wc -l) -gt 1 ]] && route_remove
  tool 'route' ip -6 route replace default dev lo metric $METRIC proto $PROTO
}

# Two routing tables of ours (a third: stop.sh).
# What is marked as for this machine is delivered here, whatever its address; but for the site's own, which nobody sends there: the
# kernel also asks by the mark for the way back to a sender (src_valid_mark, rpfilter --validmark), and must not find it here.
# A packet from the LAN that the daemon refused has to come as far as FORWARD or INPUT, where it is rejected, also where
# there is no route for it: so it has one of its own. IPv4: to be forwarded, so that the error comes from this gateway.
# IPv6: to this machine, because the kernel itself refuses to forward to lo; the error comes from this gateway anyhow.
# By the same route goes what the rules in FORWARD refuse (IPv4: mangle.sh, past_the_stop).
policy_install() {
  local family kind i
  policy_remove
  for family in "${families[@]}"; do
    policy_table "$family" $OURS_TABLE local
    for i in ${networks[family]}; do tool 'route' ip "-$family" route replace throw "$i" table $OURS_TABLE proto $PROTO; done
    policy_rule "$family" $OURS_TABLE fwmark "$(bits $OURS $OURS)"
    ((${#lan[@]})) || continue
    kind=unicast; ((family == 6)) && kind=local
    policy_table "$family" $REFUSED_TABLE $kind
    for i in "${lan[@]}"; do
      if refuses; then policy_rule "$family" $REFUSED_TABLE iif "$i" fwmark "$(bits $REFUSED $REFUSED)"; fi
      if ((family == 4)); then policy_rule 4 $REFUSED_TABLE iif "$i" fwmark "$(bits $PASSES)"; fi
    done
  done
}
policy_table() { tool 'route' ip "-$1" route replace "$3" default dev lo table "$2" proto $PROTO; }
policy_rule() { tool 'routing rule' ip "-$1" rule add pref $PROTO "${@:3}" lookup "$2" protocol $PROTO; }
policy_now() { ip "-$1" rule show | grep " proto $PROTO *\$"; } # (iproute2's own filter is no good)
policy_remove() { # (what belongs to the second stop stays: stop.sh)
  local family table pref rule
  for family in "${families[@]}"; do
    while IFS=: read -r pref rule; do tool 'routing rule' ip "-$family" rule del pref "$pref" $rule; done < <(policy_now "$family" | grep -v " lookup $STOP_TABLE " | sed 's/ \[detached\]//')
    for table in $REFUSED_TABLE $OURS_TABLE; do
      [[ -z $(ip "-$family" route show table $table 2>/dev/null) ]] || tool 'route' ip "-$family" route flush table $table
    done
  done
}
