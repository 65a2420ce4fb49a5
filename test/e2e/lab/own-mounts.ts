/** A mount namespace for one command of a test. */

/** A command line, the program first. */
type Argv = [string, ...string[]];

// unshare(1) makes `/` private, which only works where `/` is a mount point; in a plain chroot it is none. There the
// mount of /proc is made private instead and takes a copy of the whole root, which becomes the command's `/`.
const ENTER = `
mount --make-rprivate / 2>/dev/null && exec "$@"
mount --make-rprivate /proc && mount --rbind / /proc && mount --make-rprivate /proc || exit 125
exec chroot /proc sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
`;

/**
 * The command line that runs `argv` in a mount namespace of its own; what it mounts is seen by nobody else. It keeps its
 * process number. It ends with 125 where no such namespace can be made.
 */
export function withOwnMounts(...argv: readonly string[]): Argv {
  return ['unshare', '--mount', '--propagation', 'unchanged', '--', 'sh', '-c', ENTER, 'own-mounts', ...argv];
}

/** The same for a shell text: `$0` is the first argument, as with `sh -c`. */
export function withOwnMountsShell(text: string, ...args: readonly string[]): Argv {
  return withOwnMounts('sh', '-c', text, ...args);
}
