/** The benches of `npm run bench`, each in a short form: together they fit into 40 minutes on two cores. */

/** One bench. */
export interface Bench {
  /** Of `npm run bench:NAME`, which takes the long form. */
  readonly name: string;
  /** A script of this folder, and its arguments. */
  readonly argv: readonly [string, ...string[]];
  /** Then it is ended; what it has recorded until then counts. */
  readonly minutes: number;
}

/** In the order in which they run: the short ones first. */
export const BENCHES: readonly Bench[] = [
  { name: 'startup', argv: ['startup.ts', '20'], minutes: 1 },
  { name: 'rules', argv: ['rules.ts'], minutes: 2 },
  { name: 'fuzz', argv: ['fuzz-groovy.ts', '20', '1'], minutes: 1 },
  { name: 'differential', argv: ['differential.ts', 'scripts', '300', '1'], minutes: 1 },
  { name: 'proof', argv: ['proof.ts', '1', '100'], minutes: 1 },
  { name: 'swaps', argv: ['interception.ts', 'swaps'], minutes: 2 },
  {
    name: 'times',
    argv: ['interception.ts', 'times', '--minutes', '2', '--backends', 'nft', '--loops', '0'],
    minutes: 3,
  },
  { name: 'streams', argv: ['interception.ts', 'streams', 'modes'], minutes: 3 },
  { name: 'kills', argv: ['interception.ts', 'kills', '--kills', '24'], minutes: 3 },
  { name: 'fallback', argv: ['fallback.ts', '--tries', '5', '--backend', 'nft'], minutes: 3 },
  {
    name: 'upgrade',
    argv: ['upgrade.ts', 'arms', '--load', 'short', '--kind', 'keep-alive', '--upgrades', '3'],
    minutes: 3,
  },
  { name: 'crash', argv: ['upgrade.ts', 'quiet', 'crash', 'crash-old', '--tries', '2'], minutes: 3 },
  { name: 'dubbo', argv: ['dubbo.ts'], minutes: 6 },
  { name: 'discovery', argv: ['discovery.ts', '--apps', '50', '--joins', '20'], minutes: 3 },
  { name: 'fleet', argv: ['fleet.ts', 'button', 'real', 'leader', 'gone', 'status', 'rollout'], minutes: 5 },
];
