/** The shell code of off.sh that is the same for all applications. */
import { ASK_COOKIE_BY_PERL, ENTER_BY_PERL } from '../../../platform/enter-by-perl.ts';
import { NFT_TABLE } from '../nft/compile-nft.ts';
import { TPROXY_TABLE } from '../nft/compile-tproxy.ts';
import { OFF_SET } from '../nft/table-maps.ts';

/** Reads the arguments and enters the namespace: the same for all back ends. */
const CHOOSE = String.raw`say() {
  printf '%s\n' "$*"
}

complain() {
  printf 'off.sh: %s\n' "$*" >&2
}

# A word with a space could be found in the list and still be no name.
for app in "$@"; do
  case "$app/ $known " in
  *[!A-Za-z0-9._-]*/*) ;;
  *"/"*" $app "*) continue ;;
  esac
  complain "there is no application $app; nothing was changed. Known are: $known"
  exit 2
done

# Prints a file of the namespace $netns_id: one that has a name, else that of a process in it.
find_netns() {
  number=${'$'}{netns_id#net:?}
  number=${'$'}{number%?}
  {
    ls -Lid /run/netns/* /var/run/netns/*
    ls -l /proc/[0-9]*/ns/net
  } 2>/dev/null | while read -r line; do
    case $line in
    "$number "*)
      say "${'$'}{line#* }"
      break
      ;;
    *" -> $netns_id")
      line=${'$'}{line% -> *}
      say "${'$'}{line##* }"
      break
      ;;
    esac
  done
}

# A name or a process number may mean another namespace by now: the id decides where it is known.
here=
[ -z "$netns_id" ] || here=$(readlink /proc/self/ns/net 2>/dev/null)
if [ -n "$here" ]; then
  netns_file=
  if [ "$here" != "$netns_id" ]; then
    netns_file=$(find_netns)
    if [ -z "$netns_file" ]; then
      complain "the applications were switched on in another network namespace ($netns_id), which is not found from here. Nothing was changed"
      exit 3
    fi
  fi
elif [ -n "$netns_file" ]; then
  if [ ! -e "$netns_file" ]; then
    complain "network namespace $netns is gone, and what is on in it cannot be told from here. Nothing was changed"
    exit 3
  fi
  [ ! "$netns_file" -ef /proc/self/ns/net ] || netns_file=
fi
# Runs a command in the namespace.
enter_netns() {
  if command -v nsenter >/dev/null 2>&1; then
    nsenter "--net=$netns_file" -- "$@"
  else
    # shellcheck disable=SC2016
    perl -e '${ENTER_BY_PERL}' "$netns_file" "$@"
  fi
}

if [ -n "$netns_file" ]; then
  if ! message=$(enter_netns true 2>&1); then
    complain "network namespace $netns_file cannot be entered: $message. Nothing was changed"
    exit 3
  fi
  # Once a namespace is gone, the next one gets its number. The kernel's cookie is nobody else's.
  cookie=
  # shellcheck disable=SC2016
  [ -z "$netns_cookie" ] || cookie=$(enter_netns perl -e '${ASK_COOKIE_BY_PERL}' 2>/dev/null)
  if [ -n "$netns_cookie" ] && [ -n "$cookie" ] && [ "$cookie" != "$netns_cookie" ]; then
    complain "the applications were switched on in another network namespace ($netns_id), which is not found from here: its number is another one's by now. Nothing was changed"
    exit 3
  fi
  enter_netns sh "$0" "$@"
  exit $?
fi

if [ $# -eq 0 ]; then
  # Split by spaces on purpose.
  # shellcheck disable=SC2086
  set -- $known
fi
chosen=
already=
for app in "$@"; do
  case " $on " in
  *" $app "*) chosen="$chosen $app" ;;
  *) already="$already $app" ;;
  esac
done

# Said only when the firewall could be asked.
tell_already() {
  for app in $already; do
    say "$app: is off already, its connections go direct"
  done
  [ -n "$chosen$already" ] || say "weir knows no application; traffic is direct"
}
`;

/** Reports the result, and leaves a marker for each application, so that nothing switches it on again. */
const REPORT = String.raw`
# What was done, a line an application; $1 says what became of each.
report() {
  tell_already
  for app in $chosen; do
    if [ -e "$run_dir/off.d/$app" ]; then
      say "$app: $1 (off.sh was run before)"
    else
      say "$app: $1"
    fi
  done
}

# Best effort: the run directory may be read-only or gone.
leave_markers() {
  [ -d "$run_dir" ] && mkdir -p "$run_dir/off.d" 2>/dev/null || return 0
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  for app in $chosen; do
    [ -e "$run_dir/off.d/$app" ] || { printf '%s\n' "$now" >"$run_dir/off.d/$app"; } 2>/dev/null || return 0
  done
}
`;

/** The part of off.sh that runs nft. */
export const NFT_PANIC_BODY = `${CHOOSE}${REPORT}
# The table of application $1.
table_of() {
  case " $transparent " in
  *" $1 "*) say ${TPROXY_TABLE} ;;
  *) say ${NFT_TABLE} ;;
  esac
}

# Whether every rule of table $1 that diverts stands below the one that heeds the switch: somebody may have deleted one.
heeds_switch() {
  rules=$(nft -t list table inet "$1" 2>/dev/null) || return 1
  marked=
  heeded=
  profile=
  while read -r line; do
    case $line in
    'chain out_'* | 'chain in_'*)
      marked=
      heeded=
      profile=1
      ;;
    chain*) profile= ;;
    *'mark set '*'map @'*) marked=1 ;;
    *'mark @${OFF_SET} '*) heeded=$marked ;;
    *'redirect to '* | *'update @flow'* | *'tproxy '*) [ -z "$profile" ] || [ -n "$heeded" ] || return 1 ;;
    esac
  done <<END
$rules
END
}

# Whether the marks of all these applications are there: a switch finds connections by them.
has_marks() {
  text=
  for one in "$@"; do
    nft_marks "$one"
  done
  # Of several questions nft's exit code is that of the last one.
  [ -z "$(printf '%s' "$text" | nft -f - 2>&1 >/dev/null)" ]
}

# Takes one element out of a map; one that is not there is no failure. $left says what is still in.
remove_entry() {
  message=$(nft "$1" 2>&1) && return 0
  case $message in
  *'No such file or directory'*) ;;
  *) left="$left $message" ;;
  esac
}

if [ -z "$chosen" ]; then
  case $(nft -t list table inet ${NFT_TABLE} 2>&1 >/dev/null) in
  '' | *'No such file or directory'*) tell_already ;;
  *)
    complain "nft may not look or is missing: what is off cannot be told"
    exit 3
    ;;
  esac
  exit 0
fi

left=
text=
for app in $chosen; do
  nft_switch "$app"
done
outcome='new connections go direct'
status=0
wiped=
# Feeds $text to nft. Without the table of application $1 nothing is diverted; any other failure is told as it is.
switch_app() {
  message=$(printf '%s' "$text" | nft -f - 2>&1) && return 0
  case $(nft -t list table inet "$(table_of "$1")" 2>&1) in
  *'No such file or directory'*)
    wiped="$wiped $1"
    return 0
    ;;
  esac
  complain "nft failed, and what was diverted still is: $message"
  return 1
}

if ! message=$(printf '%s' "$text" | nft -f - 2>&1); then
  # One table that is gone refuses the whole transaction: again, an application at a time.
  for app in $chosen; do
    text=
    nft_switch "$app"
    switch_app "$app" || status=3
  done
fi
[ "$wiped" != "$chosen" ] || outcome='no rules of weir are installed, traffic is direct'
asked=
changed=
whole=
# Split by spaces on purpose.
# shellcheck disable=SC2086
! has_marks $chosen || whole=1
for app in $chosen; do
  case "$wiped " in
  *" $app "*) continue ;;
  esac
  [ $status -eq 0 ] || continue
  table=$(table_of "$app")
  case "$asked " in
  *" $table "*) ;;
  *)
    asked="$asked $table"
    heeds_switch "$table" || changed="$changed $table"
    ;;
  esac
  case "$changed " in
  *" $table "*) nft_entries "$app" ;;
  *) [ -n "$whole" ] || has_marks "$app" || nft_entries "$app" ;;
  esac
done
if [ -n "$left" ]; then
  complain "rules were changed by hand, and applications are still diverted:$left"
  status=3
fi
[ $status -ne 0 ] || report "$outcome"
leave_markers
exit $status
`;

/** The part of off.sh that runs iptables-restore and ip6tables-restore. */
export const IPTABLES_PANIC_BODY = String.raw`${CHOOSE}${REPORT}
kind=${'$'}{backend#iptables-}
nl='
'

# Sets $tool to the program of family $1 (ip, ip6) without its ending -restore or -save.
find_tool() {
  tool=$1tables-$kind
  command -v "$tool-restore" >/dev/null 2>&1 && return 0
  tool=$1tables
  case $("$tool-restore" --version 2>&1) in
  *nf_tables*) [ "$kind" = nft ] ;;
  *) [ "$kind" = legacy ] && command -v "$tool-restore" >/dev/null 2>&1 ;;
  esac
}

# Whether the kernel has a legacy nat table of family $1: asking iptables-legacy for it would make one.
has_table() {
  [ "$kind" = nft ] && return 0
  [ -e "/proc/net/$1_tables_names" ] || return 1
  # Not readable: the tool will say that it may not either.
  [ -r "/proc/net/$1_tables_names" ] || return 0
  while read -r table; do
    [ "$table" = nat ] && return 0
  done <"/proc/net/$1_tables_names"
  return 1
}

# Feeds the lines in $1 to the tool as one transaction; the lock of iptables may be in other hands.
commit() {
  said=$(printf '*nat\n%sCOMMIT\n' "$1" | "$tool-restore" --noflush -w 1 2>&1) && return 0
  case $said in
  *'xtables lock'*)
    complain "$tool-restore waits for the xtables lock, which another program holds"
    said=$(printf '*nat\n%sCOMMIT\n' "$1" | "$tool-restore" --noflush -w 30 2>&1) && return 0
    ;;
  esac
  printf '%s\n' "$said"
  return 1
}

# Keeps those lines of $text whose chain is there, by a listing.
keep_known_chains() {
  saved=$("$tool-save" -t nat 2>/dev/null) || return 1
  left=
  while read -r insert chain rest; do
    case $saved in
    *"$nl:$chain "*) left="$left$insert $chain $rest$nl" ;;
    esac
  done <<END
$text
END
  text=$left
}

# Switches off what was chosen in family $1; $2 is its name. Sets $direct when it did.
switch_family() {
  [ -n "$text" ] || return 0
  if ! find_tool "$1"; then
    complain "$2: $1tables-$kind is missing"
    return 1
  fi
  has_table "$1" || return 0
  if message=$(commit "$text"); then
    direct=1
    return 0
  fi
  # One chain that is gone refuses the whole transaction: again with those that are there.
  if keep_known_chains; then
    [ -n "$text" ] || return 0
    if message=$(commit "$text"); then
      direct=1
      return 0
    fi
  fi
  complain "$2: $tool-restore failed, and what was diverted still is: $message"
  return 1
}

if [ -z "$chosen" ]; then
  for family in ip6 ip; do
    if ! find_tool $family || { has_table $family && ! "$tool-save" -t nat >/dev/null 2>&1; }; then
      complain "$family"tables-"$kind may not look or is missing: what is off cannot be told"
      exit 3
    fi
  done
  tell_already
  exit 0
fi

status=0
direct=0
text=
for app in $chosen; do
  ip6_switch "$app"
done
switch_family ip6 IPv6 || status=1
text=
for app in $chosen; do
  ip_switch "$app"
done
switch_family ip IPv4 || status=1
# Nothing was changed at all.
[ $status -eq 0 ] || [ $direct -eq 1 ] || status=3

if [ $status -eq 0 ] && [ $direct -eq 1 ]; then
  report 'new connections go direct'
elif [ $status -eq 0 ]; then
  report 'no rules of weir are installed, traffic is direct'
fi
leave_markers
exit $status
`;
