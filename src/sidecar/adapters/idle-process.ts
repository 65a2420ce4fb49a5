// A shell of 1 MB waits in place of a Node of 50: an idle container is there only to be replaced.
const IDLE = `
trap 'kill $! 2>/dev/null; exit 0' TERM INT
trap '' HUP USR1
while :; do sleep 3600 & wait $!; done
`;

/** Replaces this process by a shell that does nothing until it is told to end; it then ends with 0. */
export function becomeIdle(): never {
  if (process.execve === undefined) throw new Error('this Node cannot replace its process: use Node 22.15 or newer');
  return process.execve('/bin/sh', ['sh', '-c', IDLE, 'weir-idle'], process.env);
}
