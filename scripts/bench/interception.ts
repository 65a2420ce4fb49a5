/**
 * What interception costs and loses, in network namespaces of its own, as root:
 * `npm run bench:interception [-- swaps times streams kills confirm]`. Without a part, all of them.
 */
import { benchConfirm } from './interception/confirm.ts';
import { benchKills } from './interception/kills.ts';
import { benchStreams } from './interception/streams.ts';
import { benchSwaps } from './interception/swaps.ts';
import { benchTimes } from './interception/times.ts';

const parts: Record<string, () => Promise<void>> = {
  swaps: () => benchSwaps(200),
  times: () => benchTimes(1000),
  streams: () => benchStreams(),
  kills: () => benchKills(102),
  confirm: () => benchConfirm(3),
};
const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!(name in parts)) throw new Error(`${name} is not one of ${Object.keys(parts).join(', ')}`);
}
for (const [name, run] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await run();
