/** What weir does as process 1 of a container. */
import { weirArgv } from '../../platform/process/programs.ts';

/**
 * As PID 1 of a container a process has to reap every orphan, and Node reaps only its own children. So PID 1 becomes a
 * shell that runs weir as its child, passes signals on, reaps, and ends with weir's exit code.
 */
const INIT = `
child= early=
told() { if [ -z "$child" ]; then early=$1; else kill "-$1" "$child" 2>/dev/null; fi; }
for name in TERM INT HUP USR1; do trap "told $name" $name; done
"$@" &
child=$!
# One that came before there was a child: as the first of its namespace the shell would not even have died of it.
[ -z "$early" ] || told "$early"
while :; do
  wait "$child"; code=$?
  kill -0 "$child" 2>/dev/null && continue
  # A signal ends the wait with a code of its own. If weir ended meanwhile, its own code is still to be had, else 127 is.
  wait "$child" 2>/dev/null; late=$?
  [ "$late" = 127 ] || code=$late
  exit "$code"
done
`;

/** If this process is PID 1, replaces it by a reaping shell with the same command line as its child; else does nothing. */
export function becomeReapingInit(): void {
  if (process.pid !== 1 || process.execve === undefined) return;
  const command = [...weirArgv(), ...process.argv.slice(2)];
  process.execve('/bin/sh', ['sh', '-c', INIT, 'weir-init', ...command], process.env);
}
