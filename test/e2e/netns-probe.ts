/** Enters the namespace that its command line names, as bin/run.js does, and prints where it is. */
import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { enterRequestedNetns } from '../../src/platform/enter-netns.ts';

const argv = process.argv.slice(2);
if (argv[0] === '--without-execve') {
  argv.shift();
  Object.defineProperty(process, 'execve', { value: undefined });
}

const delegated = await enterRequestedNetns(argv, [
  process.execPath,
  ...process.execArgv,
  fileURLToPath(import.meta.url),
]);
if (delegated === undefined) {
  const netns = readlinkSync('/proc/self/ns/net');
  process.stdout.write(JSON.stringify({ netns, argv, entered: process.env.WEIR_NETNS_ENTERED ?? null }));
  const [behaviour, value] = argv.slice(-2);
  if (behaviour === 'exit') process.exitCode = Number(value);
  if (behaviour === 'kill') process.kill(process.pid, value);
} else {
  process.exitCode = delegated;
}
