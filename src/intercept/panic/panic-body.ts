import { NFT_TABLE } from '../compile-nft.ts';

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

if [ -n "$netns_file" ]; then
  if [ ! -e "$netns_file" ]; then
    complain "network namespace $netns is gone; looking in the one of this shell instead"
  elif [ ! "$netns_file" -ef /proc/self/ns/net ]; then
    exec nsenter "--net=$netns_file" -- sh "$0" "$@"
  fi
fi

if [ $# -eq 0 ]; then
  # Split by spaces on purpose.
  # shellcheck disable=SC2086
  set -- $known
fi
chosen=
for app in "$@"; do
  case " $on " in
  *" $app "*) chosen="$chosen $app" ;;
  *) say "$app: is off already, its connections go direct" ;;
  esac
done
if [ -z "$chosen" ]; then
  [ $# -gt 0 ] || say "weir knows no application; traffic is direct"
  exit 0
fi
`;

/** Tells, and leaves a marker for each application, so that nothing switches it on again. */
const REPORT = String.raw`
# What was done, a line an application; $1 says what became of each.
report() {
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
text=
for app in $chosen; do
  nft_switch "$app"
done
outcome='new connections go direct'
status=0
if ! message=$(printf '%s' "$text" | nft -f - 2>&1); then
  # Without the table nothing is diverted. Any other failure is told as it is.
  case $(nft -t list table inet ${NFT_TABLE} 2>&1) in
  *'No such file or directory'*) outcome='no rules of weir are installed, traffic is direct' ;;
  *)
    complain "nft failed, applications are still diverted: $message"
    status=1
    ;;
  esac
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

# Feeds the lines in $1 to the tool as one transaction.
commit() {
  printf '*nat\n%sCOMMIT\n' "$1" | "$tool-restore" --noflush -w 5 2>&1
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
  complain "$2: $tool-restore failed, applications are still diverted: $message"
  return 1
}

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

if [ $status -eq 0 ] && [ $direct -eq 1 ]; then
  report 'new connections go direct'
elif [ $status -eq 0 ]; then
  report 'no rules of weir are installed, traffic is direct'
fi
leave_markers
exit $status
`;
