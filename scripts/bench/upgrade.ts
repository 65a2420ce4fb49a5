/**
 * The hot upgrade measured. A word chooses the table:
 *   faults   each fault under load: how far the upgrade came, what was lost, how the next one ends
 *   deaths   SIGKILL of the supervisor in each state
 *   protocols  HTTP/1, WebSocket, gRPC streams, Unix socket, UDP, QUIC: what clients saw beside what weir reported
 *   planes   a control plane that is dead, frozen, empty or slow before, during and after an upgrade, with leases; --rows dead,slow
 *   versions  a version that answers 503, crashes every 12 s or leaks, under --check and --bake; --rows leaks
 *   kills    SIGKILL of a supervisor, an Envoy or the control plane at a random moment of each upgrade; --tries 20 --seed N
 *   soak     upgrades under load one after the other; --upgrades 20
 *   quiet    seconds of upgrades without load; --tries 10
 *   crash    the new Envoy killed after the hand-over, crash-old the old one; --tries 10
 * Without a word: arms side by side in one run, under every kind of traffic and load.
 *   --arm weir,nginx      only these (none, weir, restarter, hasty, restart, nginx, haproxy)
 *   --kind keep-alive     only this traffic (keep-alive, close, http2)
 *   --load short          only this load (short: 5 ms; long: 1 to 14 s and 20 s beside them)
 *   --upgrades 10         how many upgrades an arm
 *   --verbose             also why the first requests failed
 * All of it takes more than half an hour; `--load short --kind keep-alive --upgrades 4` about two minutes.
 */
import { parseArgs } from 'node:util';
import type { Arm } from './upgrade/arm.ts';
import { printBadVersions } from './upgrade/bad-versions.ts';
import { compareArms, LOADS } from './upgrade/compare-arms.ts';
import { printControlPlanes } from './upgrade/control-planes.ts';
import { TRAFFIC_KINDS } from './upgrade/counted-load.ts';
import { printCrashes, printOldCrashes, printQuiet } from './upgrade/crash.ts';
import { hastyRestarter, restarter, stopAndStart } from './upgrade/envoy-arms.ts';
import { printDeaths, printFaults } from './upgrade/faults.ts';
import { haproxy, nginx } from './upgrade/neighbour-arms.ts';
import { printProtocols } from './upgrade/protocols.ts';
import { printRandomKills, printSoak } from './upgrade/rounds.ts';
import { noUpgradeArm, weirArm } from './upgrade/weir-arm.ts';

const ARMS: Readonly<Record<string, Arm>> = {
  none: noUpgradeArm,
  weir: weirArm,
  restarter,
  hasty: hastyRestarter,
  restart: stopAndStart,
  nginx,
  haproxy,
};

const { values, positionals } = parseArgs({
  options: {
    arm: { type: 'string', multiple: true },
    kind: { type: 'string', multiple: true },
    load: { type: 'string', multiple: true },
    upgrades: { type: 'string', default: '10' },
    verbose: { type: 'boolean', default: false },
    seed: { type: 'string' },
    rows: { type: 'string' },
    tries: { type: 'string', default: '10' },
  },
  allowPositionals: true,
});

/** The named ones of what there is, all without a name; a name that there is not ends the run. */
function chosen<Name extends string>(
  option: string,
  names: readonly string[] | undefined,
  all: readonly Name[],
): Name[] {
  const wanted = names?.flatMap((list) => list.split(',')) ?? all;
  const unknown = wanted.filter((name) => !all.includes(name as Name));
  if (unknown.length === 0) return wanted as Name[];
  process.stderr.write(`--${option} takes ${all.join(', ')}, not ${unknown.join(', ')}\n`);
  process.exit(2);
}

const TABLES: Readonly<Record<string, () => Promise<void>>> = {
  faults: printFaults,
  deaths: printDeaths,
  protocols: printProtocols,
  planes: () => printControlPlanes(values.rows?.split(',')),
  versions: () => printBadVersions(values.rows?.split(',')),
  kills: () => printRandomKills(Number(values.tries), Number(values.seed ?? Date.now() % 1_000_000)),
  soak: () => printSoak(Number(values.upgrades)),
  quiet: () => printQuiet(Number(values.tries)),
  crash: () => printCrashes(Number(values.tries)),
  'crash-old': () => printOldCrashes(Number(values.tries)),
  arms: () =>
    compareArms({
      arms: chosen('arm', values.arm, Object.keys(ARMS)).map((name) => ARMS[name] as Arm),
      kinds: chosen('kind', values.kind, TRAFFIC_KINDS),
      loads: chosen('load', values.load, Object.keys(LOADS) as (keyof typeof LOADS)[]),
      upgrades: Number(values.upgrades),
      verbose: values.verbose,
    }),
};
for (const table of chosen('table', positionals.length > 0 ? positionals : ['arms'], Object.keys(TABLES))) {
  await TABLES[table]?.();
}
