/** A throw-away neighbour of this network namespace: a namespace of its own behind a veth pair, that calls come in from. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../errors/message-of.ts';
import { runTool } from '../../../platform/exec.ts';
import { programArgv } from '../../../platform/process/programs.ts';
import { searchPath } from '../../../platform/search-path.ts';
import type { TcpEndpoint } from '../../ports.ts';
import type { Neighbour, OutsideCall } from '../../surroundings/ports.ts';
import type { Seen } from '../../surroundings/seen.ts';
import type { ProbeEvent, ProbeOrders } from '../probe/probe-protocol.ts';

/** Both ends of the link, of networks that are nobody's (RFC 5737, RFC 3849). */
const LINK = {
  here: { ipv4: '203.0.113.241', ipv6: '2001:db8:f00d:beef::1' },
  there: { ipv4: '203.0.113.242', ipv6: '2001:db8:f00d:beef::2' },
} as const;

const TOOL_TIMEOUT_MS = 3000;
/** How long a call may take to be answered; a filter that drops answers none. */
const CALL_TIMEOUT_MS = 1000;
/** How long the child may take to be in its namespace. */
const ENTER_TIMEOUT_MS = 1000;

/**
 * Makes the neighbour. It ends with its process, which ends with this one. The kernel removes the link with the
 * namespace, also after a SIGKILL. The result is `unseen` where no namespace or link may be made. Tests replace the tools
 * and `isApart`, which says whether a process is in another network namespace than this one.
 */
export async function openNeighbour(run = runTool, isApart = isInAnotherNetwork): Promise<Seen<Neighbour>> {
  const child = spawn('unshare', ['--net', '--', ...programArgv('probeChild', ['--v8-pool-size=0'])], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: searchPath(), LC_ALL: 'C', NODE_NO_WARNINGS: '1' },
    cwd: '/',
    detached: true,
  });
  child.stdin?.on('error', () => {});
  const failed = new Promise<never>((_resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      reject(new Error(`the neighbour ended with ${code}: a network namespace may need CAP_SYS_ADMIN`)),
    );
  });
  failed.catch(() => {});
  const name = `weirp${child.pid ?? 0}`.slice(0, 15);
  try {
    await Promise.race([untilApart(child, isApart), failed]);
    await link(run, child.pid ?? 0, name);
  } catch (error) {
    stop(child);
    return { unseen: messageOf(error) };
  }
  return {
    seen: {
      sources: LINK.there,
      call: (calls) => Promise.race([call(child, calls), failed]),
      async close() {
        // The link is removed first: the kernel removes a namespace some time after its last process.
        await run(['ip', 'link', 'del', name], { timeoutMs: TOOL_TIMEOUT_MS, reject: false }).catch(() => {});
        stop(child);
      },
    },
  };
}

function isInAnotherNetwork(pid: number): boolean {
  return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net');
}

async function untilApart({ pid }: ChildProcess, isApart: (pid: number) => boolean): Promise<void> {
  const deadline = performance.now() + ENTER_TIMEOUT_MS;
  while (performance.now() < deadline) {
    try {
      if (pid !== undefined && isApart(pid)) return;
    } catch {
      // Not there yet, or over: the other promise tells.
    }
    await sleep(2);
  }
  throw new Error('the neighbour did not get a network namespace of its own');
}

async function link(run: typeof runTool, pid: number, name: string): Promise<void> {
  const batch = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
  const { here, there } = LINK;
  // Without IPv6 the lines about it fail, and the others count.
  const own = batch(
    `link add ${name} type veth peer name eth0 netns ${pid}`,
    `link set ${name} addrgenmode none`,
    `addr add ${here.ipv4}/30 dev ${name}`,
    `link set ${name} up`,
    `addr add ${here.ipv6}/126 dev ${name} nodad`,
  );
  await runBatch(run, ['ip', '-force', '-batch', '-'], own, name);
  const others = batch(
    'link set eth0 addrgenmode none',
    `addr add ${there.ipv4}/30 dev eth0`,
    'link set eth0 up',
    `route add default via ${here.ipv4}`,
    `addr add ${there.ipv6}/126 dev eth0 nodad`,
    `route add ::/0 via ${here.ipv6}`,
  );
  await runBatch(run, ['nsenter', `--net=/proc/${pid}/ns/net`, '--', 'ip', '-force', '-batch', '-'], others, 'eth0');
}

async function runBatch(run: typeof runTool, argv: [string, ...string[]], input: string, name: string): Promise<void> {
  const { stderr } = await run(argv, { input, timeoutMs: TOOL_TIMEOUT_MS, reject: false });
  const [fault] = stderr
    .split('\n')
    .filter(
      (line) =>
        line.trim() !== '' &&
        !/^Command failed|IPv6|RTNETLINK answers: (?:Permission denied|Operation not supported)/.test(line),
    );
  if (fault !== undefined) throw new Error(`no link ${name} could be made: ${fault}`);
}

/** Calls side by side; resolves when each is answered, refused or silent for too long, rejects for one without a source port. */
function call(child: ChildProcess, calls: readonly OutsideCall[]): Promise<(TcpEndpoint | null)[]> {
  if (calls.length === 0) return Promise.resolve([]);
  const sources = new Map<number, TcpEndpoint>();
  const answers = new Map<number, TcpEndpoint | null>();
  return new Promise((resolve, reject) => {
    if (child.stdout === null || child.stdin === null) return;
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const event = JSON.parse(line) as ProbeEvent;
      if (event.event === 'sent') {
        sources.set(event.id, event.source);
        return;
      }
      const source = sources.get(event.id);
      if (event.event !== 'accepted') answers.set(event.id, null);
      else if (source !== undefined) answers.set(event.id, source);
      // It was answered, and which of the kernel's connections it was cannot be told.
      else reject(new Error('the source port of a call from outside is not known'));
      if (answers.size < calls.length) return;
      lines.close();
      resolve(calls.map((_, id) => answers.get(id) ?? null));
    });
    const uid = process.geteuid?.() ?? 0;
    const targets = calls.map(({ address, port }, id) => ({ id, uid, gid: null, port, addresses: [address] }));
    const orders: ProbeOrders = { cgroup: null, targets, timeoutMs: CALL_TIMEOUT_MS, atOnce: 200 };
    child.stdin.write(`${JSON.stringify(orders)}\n`);
  });
}

function stop(child: ChildProcess): void {
  child.stdin?.end();
  setTimeout(() => child.kill('SIGKILL'), 1000).unref();
}
