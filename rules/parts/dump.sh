# shellcheck shell=bash disable=SC2034 # (variables of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# What is to be put in place: reads `dvpnd --dump rules`, and refuses what it does not understand. (Sourced by dvpn-rules.)

lan=() wan=() sshd_ports=()
role='' port='' gate='' queue='' datagram_queue='' ping_queue='' new_per_client='' mark='' set='' masquerade='' reject_smb='' daemon_account='' relay_account='' peers_group=''
prefixes=() networks=() # by family: lines

is_port() { [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && (($1 <= 65535)); }
is_interface() { [[ $1 =~ ^[^[:space:]/]{1,15}$ && $1 != -* && $1 != \!* && $1 != . && $1 != .. ]]; }

# once KEY VALUE VARIABLE: a key that may stand there one time only.
once() { [[ -z ${!3} ]] || bad "dump: $1 is given twice"; printf -v "$3" '%s' "$2"; }

read_dump_line() {
  local key=$1 value=$2
  case $key in
    role) [[ $value == router || $value == leaf ]] || bad "dump: role is router or leaf, not '$value'"; once role "$value" role ;;
    port) is_port "$value" || bad "dump: '$value' is no port"; once port "$value" port ;;
    gate) [[ $value == hold || $value == accept-first ]] || bad "dump: gate is hold or accept-first, not '$value'"; once gate "$value" gate ;;
    queue | datagram-queue | ping-queue) [[ $value =~ ^(0|[1-9][0-9]{0,4})$ && $value -le 65535 ]] || bad "dump: '$value' is no number of a queue"; once "$key" "$value" "${key/-/_}" ;;
    new-per-client) [[ $value =~ ^(0|[1-9][0-9]{0,5})$ && $value -le 100000 ]] || bad "dump: '$value' is no rate"; once "$key" "$value" new_per_client ;;
    mark) [[ $value =~ ^0x0*[1-9a-f][0-9a-f]*$ && ${#value} == 10 ]] || bad "dump: '$value' is no field of a mark"; once mark "$value" mark ;;
    set) [[ $value =~ ^[A-Za-z0-9_][A-Za-z0-9_-]{0,23}$ ]] || bad "dump: '$value' is no name for a set"; once set "$value" set ;;
    lan) is_interface "$value" || bad "dump: lan has no interface name: '$value'"; lan+=("$value") ;;
    wan) is_interface "$value" || bad "dump: wan has no interface name: '$value'"; wan+=("$value") ;;
    sshd-port) is_port "$value" || bad "dump: '$value' is no port"; sshd_ports+=("$value") ;;
    masquerade) [[ $value == yes || $value == no ]] || bad "dump: masquerade is yes or no"; once masquerade "$value" masquerade ;;
    reject-smb) [[ $value == yes || $value == no ]] || bad "dump: reject-smb is yes or no"; once reject-smb "$value" reject_smb ;;
    daemon-account) once "$key" "$value" daemon_account ;;
    relay-account) once "$key" "$value" relay_account ;;
    peers-group) once "$key" "$value" peers_group ;;
    *) bad "dump: unknown key '$key' (is dvpn-rules older than dvpnd?)" ;;
  esac
}

# number_of DATABASE NAME: the rules carry numbers, so an account that does not exist is found before anything changes.
number_of() { getent "$1" "$2" | cut -d: -f3 | grep . || bad "dump: no such ${1/passwd/account}: '$2'"; }

parse_dump() {
  local text=$1 wrong key value
  local -r octet='(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'
  local -r v4="$octet\\.$octet\\.$octet\\.$octet/([1-9]|[12][0-9]|3[0-2])"
  local -r v6='[0-9a-fA-F:]*:[0-9a-fA-F:.]*/([1-9]|[1-9][0-9]|1[01][0-9]|12[0-8])'
  [[ ${text%%$'\n'*} == 'dvpn-rules 1' ]] || bad "dump: this program reads version 'dvpn-rules 1', not '${text%%$'\n'*}'"
  while read -r key value; do read_dump_line "$key" "$value"; done < <(sed -E '1d; /^(prefix|network) /d' <<<"$text")
  wrong=$(grep -E '^(prefix|network) ' <<<"$text" | grep -vE "^(prefix|network) ($v4|$v6)\$")
  [[ -z $wrong ]] || bad "dump: not a prefix: '${wrong%%$'\n'*}'"
  prefixes[4]=$(sed -n '/:/d; s/^prefix //p' <<<"$text") prefixes[6]=$(sed -n '/:/!d; s/^prefix //p' <<<"$text")
  networks[4]=$(sed -n '/:/d; s/^network //p' <<<"$text") networks[6]=$(sed -n '/:/!d; s/^network //p' <<<"$text")

  for key in role port gate queue datagram_queue ping_queue new_per_client mark set masquerade reject_smb daemon_account relay_account peers_group; do
    [[ -n ${!key} ]] || bad "dump: ${key//_/-} is missing"
  done
  ((${#wan[@]})) || bad 'dump: no wan interface'
  ((${#sshd_ports[@]})) || bad 'dump: no sshd-port'
  [[ -n ${networks[4]}${networks[6]} ]] || bad 'dump: no network'
  for value in "${lan[@]}"; do [[ " ${wan[*]} " != *" $value "* ]] || bad "dump: $value is both lan and wan"; done
  for value in "${sshd_ports[@]}"; do ((value != port)) || bad "dump: port $port is the daemon's, it cannot be an sshd-port"; done
  if [[ $daemon_account == - ]]; then daemon_account=; else daemon_account=$(number_of passwd "$daemon_account") || exit; fi
  relay_account=$(number_of passwd "$relay_account") || exit
  peers_group=$(number_of group "$peers_group") || exit
}
