# shellcheck shell=bash disable=SC2034 # (what is set here is used in the other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# The topology of a lab: what its few lines say, and the addresses that follow from them. (Sourced by `lab`.)
#
#   site NAME networks PREFIX... wan ADDRESS... [hosts N] [role router|leaf] [masquerade yes] [reject-smb yes] [lan no]
#   link NAME [delay 20ms] [rate 100mbit] [loss 1%] [limit 1024kb]      between the site's gateway and the WAN, one way
#
# The gateway has the first address of each network, host N the one N further.

declare -a sites=()
declare -A networks=() wan=() hosts=() role=() masquerade=() reject_smb=() lan=() link=()

# parse_topology: from standard input.
parse_topology() {
  local number=0 line words
  while read -r line || [[ -n $line ]]; do
    number=$((number + 1)) line=${line%%#*}
    read -ra words <<<"$line"
    case ${words[0]:-} in
      '') ;;
      site) parse_site "$number" "${words[@]:1}" ;;
      link) parse_link "$number" "${words[@]:1}" ;;
      *) die "topology, line $number: '${words[0]}' is neither site nor link" ;;
    esac
  done
  ((${#sites[@]})) || die 'the topology has no site'
}

parse_site() {
  local number=$1 name=${2:-} word key=''
  [[ $name =~ ^[a-z][a-z0-9]{0,7}$ ]] || die "topology, line $number: '$name' is no name for a site (a-z0-9, at most 8)"
  [[ -z ${networks[$name]:-} ]] || die "topology, line $number: site $name stands there twice"
  sites+=("$name") hosts[$name]=0 role[$name]=router masquerade[$name]=false reject_smb[$name]=false lan[$name]=yes
  for word in "${@:3}"; do
    case $word in networks | wan | hosts | role | masquerade | reject-smb | lan) key=$word; continue ;; esac
    case $key in
      networks) networks[$name]+="$word " ;;
      wan) wan[$name]+="$word " ;;
      hosts) hosts[$name]=$word ;;
      role) role[$name]=$word ;;
      masquerade) masquerade[$name]=${word/yes/true} ;;
      reject-smb) reject_smb[$name]=${word/yes/true} ;;
      lan) lan[$name]=$word ;;
      *) die "topology, line $number: '$word' has no key before it" ;;
    esac
  done
  [[ -n ${networks[$name]:-} && -n ${wan[$name]:-} ]] || die "topology, line $number: site $name needs networks and wan"
}

parse_link() {
  local number=$1 name=${2:-} options='' value
  [[ -n ${networks[$name]:-} ]] || die "topology, line $number: no site '$name' above this line"
  shift 2
  while (($# > 1)); do
    value=${2%%[a-z%]*}
    case $1 in
      delay | rate | loss | limit) options+="$1=$value " ;;
      *) die "topology, line $number: '$1' is not delay, rate, loss or limit" ;;
    esac
    shift 2
  done
  link[$name]=$options
}

# address NETWORK N: the Nth address of 10.0.31.0/24 or fd00:31::/64.
address() {
  local base=${1%/*}
  if [[ $base == *:* ]]; then printf '%s%x\n' "$base" "$2"; else printf '%s.%s\n' "${base%.*}" "$((${base##*.} + $2))"; fi
}
# of_family 4|6 WORD...: those of that family.
of_family() {
  local family=$1 word; shift
  for word; do case $word in *:*) ((family == 4)) || echo "$word" ;; *) ((family == 6)) || echo "$word" ;; esac; done
}
