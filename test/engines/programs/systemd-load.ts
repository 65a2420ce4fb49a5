/** A program for the machine with systemd: an upstream, and load through sidecars; a line for each line of stdin that asks. */
import { createInterface } from 'node:readline';
import { JournallingUpstream, OpenLoopClient } from '../../e2e/sidecar/open-loop.ts';

const [upstreamPort = '0', ...ports] = process.argv.slice(2);
const upstream = await JournallingUpstream.start(Number(upstreamPort));
const begin = () =>
  ports.map((port) => new OpenLoopClient({ port: Number(port), rate: 25, connections: 5, lengthsMs: [5, 5, 500] }));
let clients: OpenLoopClient[] = [];
process.stdout.write('ready\n');
for await (const line of createInterface(process.stdin)) {
  if (line === 'begin') clients = begin();
  const [word, id = ''] = line.split(' ');
  if (word === 'seen') process.stdout.write(`${upstream.seen.get(id) ?? 0}\n`);
  if (line !== 'count') continue;
  const results = await Promise.all(clients.map((client) => client.finish(upstream)));
  const sum = (of: 'requests' | 'lost' | 'duplicated') => results.reduce((total, result) => total + result[of], 0);
  const errors = results.flatMap((result) => result.errors).slice(0, 3);
  const counts = { requests: sum('requests'), lost: sum('lost'), duplicated: sum('duplicated'), errors };
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}
process.exit(0);
