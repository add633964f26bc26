# shellcheck shell=bash disable=SC2154 # (variables of topology.sh and lab)
# SPDX-License-Identifier: GPL-2.0-or-later
# The namespaces of a lab and the wires between them. (Sourced by `lab`.)
#
#   a.h1 eth0 ─┐                                                        ┌─ eth0 b.h1
#   a.h2 eth0 ─┴─ lan0 (bridge) a.gw wan0 ── a  wan  b ── wan0 b.gw lan0 ┴─ eth0 b.h2
#
# The WAN is a router that has a /32 (/128) route to each gateway and a wire of its own to each, so any address will do as
# a gateway's; its own end of each wire is 192.0.0.1 and fe80::1. A link's delay line sits there: PREROUTING queues what
# comes from the site, POSTROUTING what goes to it.

# ns NAME: the namespace's name (a.gw, a.h1, wan).
ns() { echo "dvpnlab-$id-$1"; }
in_ns() { local n=$1; shift; ip netns exec "$(ns "$n")" "$@"; }
namespaces() { ip netns list 2>/dev/null | awk -v p="dvpnlab-$id-" 'index($1, p) == 1 { print $1 }'; }

new_namespace() {
  local name=$1 etc
  run ip netns add "$(ns "$name")"
  etc=/etc/netns/$(ns "$name")
  until mkdir -p "$etc" 2>/dev/null; do :; done # (a lab that goes down may take the empty /etc/netns with it)
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$etc/hosts"
  printf '# nothing here asks the Internet\nnameserver 127.0.0.1\n' >"$etc/resolv.conf"
  new_accounts "$etc"
  # New namespaces inherit BBR, which costs two thirds of the throughput here; and an address must be usable at once.
  in_ns "$name" sysctl -q -w net.ipv4.tcp_congestion_control=reno net.ipv4.ping_group_range='0 2147483647' \
    net.ipv4.tcp_rmem='4096 131072 67108864' net.ipv4.tcp_wmem='4096 65536 67108864' \
    net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 || die "sysctl in $name failed"
  run ip -n "$(ns "$name")" link set dev lo up
}

# new_accounts DIR: the accounts of dvpn exist in the lab's namespaces only, whatever this machine has.
new_accounts() {
  local name
  cp /etc/passwd /etc/group "$1/"
  install -m 0600 /etc/shadow "$1/shadow"
  for name in dvpnd:64300 dvpn-relay:64301 dvpn-peers:64302 dvpn-admin:64303; do
    sed -i "/^${name%:*}:/d" "$1/group"
    echo "${name%:*}:x:${name#*:}:" >>"$1/group"
  done
  for name in dvpnd:64300:64300:! dvpn-relay:64301:64301:! dvpn:64304:64302:*; do
    IFS=: read -r login uid gid password <<<"$name"
    sed -i "/^$login:/d" "$1/passwd" "$1/shadow"
    echo "$login:x:$uid:$gid::/nonexistent:/usr/sbin/nologin" >>"$1/passwd"
    echo "$login:$password:19000::::::" >>"$1/shadow"
  done
}

network_up() {
  local site number=0
  new_namespace wan
  in_ns wan sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 || die 'sysctl in wan failed'
  for site in "${sites[@]}"; do
    site_up "$site"
    delay_line_up "$site" "$number"
    number=$((number + 2))
  done
}

site_up() {
  local site=$1 gw one n i
  gw=$(ns "$site.gw")
  new_namespace "$site.gw"
  in_ns "$site.gw" sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 || die "sysctl in $site.gw failed"

  run ip link add wan0 netns "$gw" type veth peer name "$site" netns "$(ns wan)"
  run ip -n "$(ns wan)" link set dev "$site" up
  run ip -n "$(ns wan)" addr add 192.0.0.1/32 dev "$site"
  run ip -n "$(ns wan)" addr add fe80::1/64 dev "$site" nodad
  run ip -n "$gw" link set dev wan0 up
  for one in ${wan[$site]}; do
    if [[ $one == *:* ]]; then
      run ip -n "$gw" addr add "$one/128" dev wan0 nodad
      run ip -n "$gw" route replace default via fe80::1 dev wan0
    else
      run ip -n "$gw" addr add "$one/32" dev wan0
      run ip -n "$gw" route replace default via 192.0.0.1 dev wan0 onlink
    fi
    run ip -n "$(ns wan)" route add "$one" dev "$site"
  done

  if [[ ${lan[$site]} == no ]]; then
    for one in ${networks[$site]}; do run ip -n "$gw" addr add "$(address "$one" 1)" dev lo; done
    return
  fi
  run ip -n "$gw" link add lan0 type bridge
  run ip -n "$gw" link set dev lan0 up
  for one in ${networks[$site]}; do run ip -n "$gw" addr add "$(address "$one" 1)/${one#*/}" dev lan0; done
  for ((i = 1; i <= ${hosts[$site]}; i++)); do
    n=$(ns "$site.h$i")
    new_namespace "$site.h$i"
    run ip link add eth0 netns "$n" type veth peer name "h$i" netns "$gw"
    run ip -n "$gw" link set dev "h$i" master lan0 up
    run ip -n "$n" link set dev eth0 up
    for one in ${networks[$site]}; do
      run ip -n "$n" addr add "$(address "$one" $((i + 1)))/${one#*/}" dev eth0
      run ip -n "$n" route replace default via "$(address "$one" 1)" dev eth0
    done
  done
  # An address of lan0 is usable once the bridge has a port that is up.
}

# delay_line_up SITE QUEUE
delay_line_up() {
  local site=$1 queue=$2 tool options
  [[ -n ${link[$site]:-} ]] || return 0
  [[ -x $delay_line ]] || die "no delay line at $delay_line (build it, or --delay-line PATH)"
  for tool in iptables ip6tables; do
    # Neighbour discovery is of the wire, not of the way.
    [[ $tool == iptables ]] || for chain in PREROUTING POSTROUTING; do
      for i in 133 134 135 136; do run in_ns wan ip6tables -w 30 -t mangle -A $chain -p icmpv6 --icmpv6-type $i -j ACCEPT; done
    done
    run in_ns wan $tool -w 30 -t mangle -A PREROUTING -i "$site" -j NFQUEUE --queue-num "$queue" --queue-bypass
    run in_ns wan $tool -w 30 -t mangle -A POSTROUTING -o "$site" -j NFQUEUE --queue-num "$((queue + 1))" --queue-bypass
  done
  read -ra options <<<"${link[$site]}"
  start_in wan "$state/wan/line-$site.log" "$delay_line" "$queue" "$((queue + 1))" "${options[@]}"
  until_true 10 "the delay line of $site" grep -qx ready "$state/wan/line-$site.log"
}
