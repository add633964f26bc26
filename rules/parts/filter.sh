# shellcheck shell=bash disable=SC2154,SC2086,SC2153 # (variables and numbers of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# The table filter: what is refused, and what never leaves or enters. (Sourced by dvpn-rules.)
#
# Every packet comes by here, those of transfers above all, so what holds for new connections alone is asked of them alone.
# "New" is whatever is not known to belong to a connection. What may not leave or enter at all holds for known ones as well:
# they may be older than the rules.

# echo_request FAMILY: the match for one.
echo_request() { if (($1 == 6)); then echo '-p ipv6-icmp -m icmp6 --icmpv6-type 128'; else echo '-p icmp -m icmp --icmp-type 8'; fi; }

filter_rules() {
  local family=$1 i prohibited=icmp-admin-prohibited no_host=icmp-host-unreachable no_network=icmp-net-unreachable
  ((family == 6)) && prohibited=icmp6-adm-prohibited no_host=icmp6-addr-unreachable no_network=icmp6-no-route
  local -r into="-m set --match-set $set$family dst" home="-m set --match-set $set-own$family dst"
  local -r ping=$(echo_request "$family") known='-m conntrack --ctstate RELATED,ESTABLISHED'

  # What the daemon refused in the far side's name, and SMB. It comes by FORWARD or INPUT from the LAN (see policy_install).
  if refuses; then
    for i in FWD IN OUT; do echo "-A DVPN_$i $(marked $REFUSED $REFUSED) -j DVPN_GATE"; done
    echo "-A DVPN_GATE -p tcp $(marked $RESET) -j REJECT --reject-with tcp-reset"
    echo "-A DVPN_GATE $(marked $HOST_UNREACHABLE) -j REJECT --reject-with $no_host"
    echo "-A DVPN_GATE $(marked $NETWORK_UNREACHABLE) -j REJECT --reject-with $no_network"
    echo "-A DVPN_GATE $(marked $PROHIBITED) -j REJECT --reject-with $prohibited"
  fi

  # FORWARD: the leak stop. What should have been carried never leaves by another way; the WAN begins nothing here.
  for i in "${wan[@]}"; do echo "-A DVPN_FWD -i $i $into -j DROP"; done
  # (SMB is not redirected but refused here: a reset from INPUT would not be translated back on a bridge with br_netfilter)
  [[ $reject_smb == yes ]] && echo "-A DVPN_FWD -p tcp -m tcp --dport 445 $into -j REJECT --reject-with tcp-reset"
  echo "-A DVPN_FWD $into -j REJECT --reject-with $prohibited"
  if [[ $role == leaf ]]; then
    for i in "${wan[@]}"; do echo "-A DVPN_FWD -i $i -j DROP"; done
    echo "-A DVPN_FWD -j REJECT --reject-with $prohibited"
  else
    for i in "${wan[@]}"; do printf '%s\n' "-A DVPN_FWD -i $i $known -j RETURN" "-A DVPN_FWD -i $i -j DROP"; done
  fi

  # INPUT: DVPN_WAN returns what a WAN may send to the gateway. Then the daemon's port: only what was redirected; and
  # datagrams that were caught, whatever their port.
  for i in "${wan[@]}"; do echo "-A DVPN_IN -i $i -g DVPN_WAN"; done
  for i in lo "${lan[@]}"; do echo "-A DVPN_IN -i $i -p tcp -m tcp --dport $port -m conntrack --ctstate DNAT -j ACCEPT"; done
  for i in lo "${lan[@]}"; do echo "-A DVPN_IN -i $i -p udp $(marked $CAUGHT) -j ACCEPT"; done
  echo "-A DVPN_IN -p tcp -m tcp --dport $port -m conntrack ! --ctstate RELATED,ESTABLISHED -j REJECT --reject-with tcp-reset"

  echo "-A DVPN_WAN -p tcp -m tcp --dport $port -m conntrack --ctstate DNAT -j DROP"
  # (an address of the WAN interface itself may lie in a prefix or in the site's networks: that is reached as any other)
  echo "-A DVPN_WAN -p tcp -m conntrack --ctstate ESTABLISHED -m addrtype --dst-type LOCAL --limit-iface-in -j RETURN"
  echo "-A DVPN_WAN $into -m addrtype ! --dst-type LOCAL --limit-iface-in -j DROP"
  echo "-A DVPN_WAN $home -m addrtype ! --dst-type LOCAL --limit-iface-in -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP"
  # (all pings of one process are one connection: they must meet the limit before connections do)
  echo "-A DVPN_WAN $ping -m limit --limit 20/sec --limit-burst 40 -j RETURN"
  echo "-A DVPN_WAN $ping -j DROP"
  echo "-A DVPN_WAN $known -j RETURN"
  for i in "${sshd_ports[@]}"; do echo "-A DVPN_WAN -p tcp -m tcp --dport $i -j RETURN"; done
  if ((family == 6)); then
    for i in 133 134 135 136; do echo "-A DVPN_WAN -p ipv6-icmp -m icmp6 --icmpv6-type $i -j RETURN"; done
    echo '-A DVPN_WAN -p ipv6-icmp -m icmp6 --icmpv6-type 2 -j RETURN' # packet too big
    echo '-A DVPN_WAN -p ipv6-icmp -m icmp6 --icmpv6-type 130 -m limit --limit 20/sec --limit-burst 40 -j RETURN' # multicast query
    echo '-A DVPN_WAN -s fe80::/10 -p udp -m udp --dport 546 -j RETURN' # DHCPv6 answers
  else
    echo '-A DVPN_WAN -p udp -m udp --sport 67 --dport 68 -j RETURN' # DHCP answers
  fi
  echo '-A DVPN_WAN -j DROP'

  # OUTPUT: peers' accounts speak to the relay's socket alone. Nothing for the VPN leaves by a WAN, but for the
  # daemon's SSH (a gateway's address may lie in a prefix) and our sshd's answers to such a gateway.
  echo "-A DVPN_OUT -m conntrack ! --ctstate RELATED,ESTABLISHED -j DVPN_NEW"
  echo "-A DVPN_NEW -p tcp -m owner --gid-owner $peers_group --suppl-groups -j REJECT --reject-with tcp-reset"
  echo "-A DVPN_NEW -m owner --gid-owner $peers_group --suppl-groups -j REJECT --reject-with $prohibited"
  for i in "${wan[@]}"; do echo "-A DVPN_OUT -o $i -g DVPN_LEAK"; done
  [[ -n $daemon_account ]] && echo "-A DVPN_LEAK -p tcp -m owner --uid-owner $daemon_account -j RETURN"
  for i in "${sshd_ports[@]}"; do
    echo "-A DVPN_LEAK -p tcp -m tcp --sport $i -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j RETURN"
  done
  for i in LEAK OUT; do
    # (this machine's answers to a client whose address the relay has taken, and datagrams of its own that are caught: they were to
    # leave by the WAN and go by lo now)
    echo "-A DVPN_$i $(marked $OURS $OURS) -j RETURN"
    [[ $reject_smb == yes ]] &&
      echo "-A DVPN_$i -p tcp -m tcp --dport 445 $into -m addrtype ! --dst-type LOCAL -j REJECT --reject-with tcp-reset"
  done
  echo "-A DVPN_LEAK $into -j REJECT --reject-with $prohibited"
  ((family == 6)) && printf '%s\n' \
    '-A DVPN_OUT -o lo -p tcp -m addrtype ! --dst-type LOCAL -j REJECT --reject-with tcp-reset' \
    '-A DVPN_OUT -o lo -m addrtype ! --dst-type LOCAL -j REJECT --reject-with icmp6-no-route'
  return 0
}
