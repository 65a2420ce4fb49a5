/**
 * What interception costs and loses, in network namespaces of its own, as root:
 * `npm run bench:interception [-- swaps times streams modes kills confirm]`. Without a part, all of them.
 * `times` takes `--minutes 6 --rounds 9 --apps 1000 --backends nft,iptables-legacy --loops 0,4`, `kills` takes `--kills 102`.
 */
import { parseArgs } from 'node:util';
import type { Backend } from '../../src/interception/backend.ts';
import { BACKENDS } from './interception/bench-lab.ts';
import { benchConfirm } from './interception/confirm.ts';
import { benchKills } from './interception/kills.ts';
import { benchModes } from './interception/modes.ts';
import { benchStreams } from './interception/streams.ts';
import { benchSwaps } from './interception/swaps.ts';
import { benchTimes } from './interception/times.ts';

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '9' },
    apps: { type: 'string', default: '1000' },
    backends: { type: 'string', default: BACKENDS.join(',') },
    loops: { type: 'string', default: '0,4' },
    kills: { type: 'string', default: '102' },
  },
});
const parts: Record<string, () => Promise<void>> = {
  swaps: () => benchSwaps(200),
  times: () =>
    benchTimes({
      minutes: Number(values.minutes),
      rounds: Number(values.rounds),
      many: Number(values.apps),
      backends: values.backends.split(',').map(backendNamed),
      loops: values.loops.split(',').map(Number),
    }),
  streams: () => benchStreams(),
  modes: () => benchModes(),
  kills: () => benchKills(Number(values.kills)),
  confirm: () => benchConfirm(3),
};
for (const name of wanted) {
  if (!(name in parts)) throw new Error(`${name} is not one of ${Object.keys(parts).join(', ')}`);
}
for (const [name, run] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await run();

function backendNamed(name: string): Backend {
  const found = BACKENDS.find((one) => one === name);
  if (found === undefined) throw new Error(`${name} is not one of ${BACKENDS.join(', ')}`);
  return found;
}
