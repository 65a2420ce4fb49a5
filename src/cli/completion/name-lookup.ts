/** The look-up of names by a completion script: of applications and sidecars, as mesh.yaml and the state directory have them. */

/** What an argument or a flag names. */
export type NameKind = 'apps' | 'sidecars';

/**
 * A function of a POSIX shell, `_BIN_names apps|sidecars MESH_YAML STATE_DIR`, that prints names, one a line. It starts no
 * weir, says nothing of what it cannot read, and prints what may stand unquoted in a shell only. Of mesh.yaml it reads the
 * keys that are set in below `apps:` and `sidecars:`.
 */
export function nameLookup(bin: string): string {
  return `_${bin}_names() {
  {
    [ -f "$2" ] && awk -v section="$1" '
      { sub(/\\r$/, "") }
      /^[^ \\t#]/ { key = $0; sub(/[ \\t]*:.*/, "", key); gsub(/["\\047]/, "", key); inside = key == section; depth = 0; next }
      inside && match($0, /^ +[^ #]/) {
        if (depth == 0) depth = RLENGTH
        if (RLENGTH != depth) next
        key = substr($0, depth); sub(/[ \\t]*:.*/, "", key); gsub(/["\\047]/, "", key); print key
      }' "$2"
    case $1 in
      apps) tr -d ' \\n' <"$3/state.json" | tr '{' '\\n' | sed -n 's/^"name":"\\([^"]*\\)","slot":.*/\\1/p' ;;
      sidecars) ls -1 "$3/sidecars" ;;
    esac
  } 2>/dev/null | grep -x '[A-Za-z0-9][A-Za-z0-9._-]*' | sort -u
}`;
}
