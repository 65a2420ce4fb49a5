import { performance } from 'node:perf_hooks';
import { applyPolicy } from '../../../src/interception/apply-rules.ts';
import type { Backend } from '../../../src/interception/backend.ts';
import type { InterceptedApp, InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import type { Stage } from '../../../test/e2e/interception/stage.ts';
import { LAB_UIDS } from '../../../test/e2e/lab/lab.ts';
import { leastOf, type Named, record } from '../figure.ts';
import { BACKENDS, firewallOf, onStage, printTable } from './bench-lab.ts';

const RATE_PER_SECOND = 150;
/** The peers swap in the ways of rule-by-rule tools; a few swaps show it. */
const PEER_SWAPS = 20;

/** Leaked and failed connections while rules are swapped back to back under load, beside two ways that peers do it. */
export async function benchSwaps(swaps: number): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const backend of BACKENDS) {
    const own = await run(backend, swaps, weirSwap);
    rows.push([backend, 'weir: one transaction', ...own.cells]);
    const peers: Named[] = [];
    for (const [name, swap] of backend === 'nft' ? [] : PEERS) {
      const { cells, missed } = await run(backend, PEER_SWAPS, swap);
      rows.push([backend, name, ...cells]);
      peers.push({ name, value: missed });
    }
    record({
      ...{ what: `connections leaked or failed a swap, ${backend}, ${swaps} swaps`, unit: '', weir: own.missed },
      ...{ peer: leastOf(peers), goal: { most: 0 } },
    });
  }
  printTable(
    `back-to-back swaps, ${RATE_PER_SECOND} new connections a second of an application that stays on`,
    ['back end', 'way', 'swaps', 'ms a swap', 'connections', 'leaked', 'failed', 'leaked a swap'],
    rows,
  );
}

type Swap = (stage: Stage, backend: Backend, swap: number) => Promise<unknown>;

interface Run {
  readonly cells: readonly (string | number)[];
  /** Connections that leaked or failed, a swap. */
  readonly missed: number;
}

async function run(backend: Backend, swaps: number, swap: Swap): Promise<Run> {
  return onStage(`swaps-${backend}`, {}, async (stage) => {
    await weirSwap(stage, backend, 0);
    if (swap !== weirSwap) await becomePeer(stage, backend);
    const load = await stage.load(LAB_UIDS.app, RATE_PER_SECOND, 300);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const began = performance.now();
    for (let count = 1; count <= swaps; count += 1) await swap(stage, backend, count);
    const ms = (performance.now() - began) / swaps;
    const { sent, direct, failed } = await load.stop();
    const lost = Object.values(failed).reduce((sum, count) => sum + count, 0);
    return {
      cells: [swaps, ms.toFixed(1), sent, direct, lost, (direct / swaps).toFixed(2)],
      missed: (direct + lost) / swaps,
    };
  });
}

/** Each swap changes what the application under load leaves alone, so its own rules are replaced every time. */
function weirSwap(stage: Stage, backend: Backend, swap: number): Promise<unknown> {
  return applyPolicy(firewallOf(stage, backend), policy(swap), []);
}

function policy(swap: number): InterceptPolicy {
  const app = (name: string, slot: number, uid: number): InterceptedApp => ({
    name,
    mode: 'redirect',
    slot,
    select: { kind: 'users', uids: [uid] },
    outboundPort: 15_001,
    inboundPort: null,
    outbound: {
      ports: [],
      cidrs: [],
      exclude: { ports: [{ from: 9000 + (swap % 2), to: 9000 + (swap % 2) }], cidrs: [] },
    },
    inbound: null,
    families: { ipv4: true, ipv6: true },
    acceptsSshRisk: false,
    leaseSeconds: null,
    deadline: null,
  });
  const apps = [app('payment', 1, LAB_UIDS.app), ...(swap % 2 === 0 ? [app('report', 2, LAB_UIDS.other)] : [])];
  return {
    apps,
    guard: { uids: [LAB_UIDS.sidecar], gids: [] },
    sshPorts: [{ from: 22, to: 22 }],
    sshPeers: [],
    reservedPorts: [15_001],
    keeper: true,
  };
}

const PEERS: readonly (readonly [string, Swap])[] = [
  ['flush, then one exec a rule', execSwap],
  ['clean, then restore', cleanSwap],
];

const PEER_RULES = [
  '-p tcp -d 127.0.0.0/8 -j RETURN',
  `-p tcp -m owner --uid-owner ${LAB_UIDS.sidecar} -j RETURN`,
  '-p tcp --dport 22 -j RETURN',
  '-p tcp --dport 9000 -j RETURN',
  `-p tcp -m owner --uid-owner ${LAB_UIDS.app} -j REDIRECT --to-ports 15001`,
];

/** Takes weir's rules out and puts a peer's chain in; connection tracking stays on, as with weir. */
async function becomePeer(stage: Stage, backend: Backend): Promise<void> {
  await applyPolicy(firewallOf(stage, backend), { ...policy(0), apps: [] }, []);
  await stage.lab.client.sh(`${backend} -w 5 -t nat -N PEER`);
  await stage.lab.client.sh(`${backend} -w 5 -t nat -I OUTPUT 1 -p tcp -j PEER`);
  for (const rule of PEER_RULES) await stage.lab.client.sh(`${backend} -w 5 -t nat -A PEER ${rule}`);
}

async function execSwap(stage: Stage, backend: Backend): Promise<void> {
  await stage.lab.client.sh(`${backend} -w 5 -t nat -F PEER`);
  for (const rule of PEER_RULES) await stage.lab.client.sh(`${backend} -w 5 -t nat -A PEER ${rule}`);
}

async function cleanSwap(stage: Stage, backend: Backend): Promise<void> {
  for (const command of ['-D OUTPUT -p tcp -j PEER', '-F PEER', '-X PEER'])
    await stage.lab.client.sh(`${backend} -w 5 -t nat ${command}`);
  const text = [
    '*nat',
    ':PEER - [0:0]',
    ...PEER_RULES.map((rule) => `-A PEER ${rule}`),
    '-I OUTPUT 1 -p tcp -j PEER',
    'COMMIT',
    '',
  ];
  await stage.lab.client.sh(`${backend}-restore -w 5 --noflush`, text.join('\n'));
}
