# shellcheck shell=bash disable=SC2154,SC2086,SC2153 # (variables and numbers of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# The table mangle: packets for the relay that have a client's address; datagrams and pings that the VPN carries. (Sourced by dvpn-rules.)

# Every packet of a transfer comes by here, so TCP ends before the rules that are not for it.
mangle_rules() {
  client_sources
  past_the_stop "$1" # (what a queue without a reader lets go on comes to no further rule of its table)
  echo '-A DVPN_PRE -p tcp -j RETURN'
  datagrams "$1"
  pings "$1"
}

# lives FAMILY: the match for what is caught from the LAN. When a time to live ends here the kernel says so: traceroutes show it.
lives() { if (($1 == 6)); then echo '-m hl --hl-gt 1'; else echo '-m ttl --ttl-gt 1'; fi; }

# What the rules answer that are for forwarded packets, or the kernel itself (a time to live that ends), has to come past the second stop
# (stop.sh), and may not leave even if those rules are gone. IPv4: for all but TCP, because the kernel's answer for a route
# `prohibit` has a limit that a host which sends each second never comes under; by the route of what is refused, and what comes back
# by lo was not rejected. IPv6 has no such limit; a time to live that is over leaves nowhere, and SMB is refused as by the daemon.
past_the_stop() {
  local i
  local -r carried="-m set --match-set $set$1 dst" smb='-p tcp -m tcp --dport 445' here='-m addrtype ! --dst-type LOCAL'
  local -r passes="-j MARK --set-xmark $(bits $PASSES)"
  for i in "${lan[@]}"; do
    if (($1 == 6)); then
      echo "-A DVPN_PRE -i $i -m hl --hl-lt 2 $(marked 0) $carried $passes"
      [[ $reject_smb == yes ]] && echo "-A DVPN_PRE -i $i $smb $(marked 0) $carried $here -j MARK --set-xmark $(bits $RESET)"
    else
      echo "-A DVPN_PRE -i $i ! -p tcp $(marked 0) $carried $here $passes"
      [[ $reject_smb == yes ]] && echo "-A DVPN_PRE -i $i $smb $(marked 0) $carried $here $passes"
    fi
  done
  (($1 == 6)) || echo "-A DVPN_PRE -i lo $(marked $PASSES) $here -j DROP"
}

# Client sources. The relay's connections are marked where they begin (catch.sh); of those, PREROUTING: answers from the site's hosts;
# OUTPUT: this machine's. What comes back is no new connection, so nothing that catches those sees it.
client_sources() {
  local -r ours=$(bits $OURS $OURS)
  local -r back="-m connmark --mark $ours -m conntrack --ctdir REPLY -j MARK --set-xmark $ours"
  echo "-A DVPN_PRE $back"
  echo "-A DVPN_OUT $back"
}

# UDP, but for such answers: what comes from the LAN, and this machine's own, which comes by lo once it is marked. For what the
# daemon has a socket that stands in for the target, that is where it goes; other datagrams wait until it has made one. (Not
# TPROXY: the socket that it finds is forgotten when the packet leaves a bridge with br_netfilter.)
datagrams() {
  local i
  local -r udp="-p udp -m set --match-set $set$1 dst -m mark ! --mark $(bits $OURS $OURS)"
  local -r queued="-j NFQUEUE --queue-num $datagram_queue --queue-bypass"
  for i in "${lan[@]}"; do echo "-A DVPN_PRE -i $i $udp $(lives "$1") -j DVPN_DGRAM"; done
  echo "-A DVPN_PRE -i lo -p udp $(marked $CAUGHT) -m socket --transparent -j RETURN"
  echo "-A DVPN_PRE -i lo -p udp $(marked $CAUGHT) $queued"
  echo '-A DVPN_DGRAM -m addrtype --dst-type LOCAL -j RETURN'
  echo '-A DVPN_DGRAM -m conntrack --ctstate INVALID -j DROP'
  echo "-A DVPN_DGRAM -p udp -m socket --transparent -j MARK --set-xmark $(bits $CAUGHT)"
  echo "-A DVPN_DGRAM $(marked $CAUGHT) -j RETURN"
  echo "-A DVPN_DGRAM $queued"
  echo "-A DVPN_OUT $udp -j DVPN_OWN"
  own_accounts DVPN_OWN
  echo '-A DVPN_OWN -m addrtype --dst-type LOCAL -j RETURN'
  echo "-A DVPN_OWN -p udp -j MARK --set-xmark $(bits $CAUGHT)"
}

# Echo requests, whole, also this machine's own where they are sent: delivered here, the kernel would answer them itself. The
# daemon takes them out of the queue and sends what is an answer. Without it they go on to the leak stop. (DVPN_OWN: see above.)
pings() {
  local i
  local -r request="$(echo_request "$1") -m set --match-set $set$1 dst -m mark ! --mark $(bits $OURS $OURS)"
  for i in "${lan[@]}"; do echo "-A DVPN_PRE -i $i $request $(lives "$1") -j DVPN_PING"; done
  echo "-A DVPN_OUT $request -j DVPN_OWN"
  echo '-A DVPN_OWN ! -p udp -j DVPN_PING'
  echo '-A DVPN_PING -m addrtype --dst-type LOCAL -j RETURN'
  echo "-A DVPN_PING -j NFQUEUE --queue-num $ping_queue --queue-bypass"
}
