/** The real host of the firewall contract: two namespaces with real packets. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Backend } from '../../src/interception/backend.ts';
import type { Firewall } from '../../src/interception/ports.ts';
import type { runTool } from '../../src/platform/exec.ts';
import { until } from '../until.ts';
import { type ConnectRequest, type ContractConnection, type ContractHost, PLACES } from './contract-host.ts';
import { makeLab } from './lab/lab.ts';
import type { LabProcess } from './lab/lab-process.ts';

const AGENT = new URL('contract-agent.py', import.meta.url).pathname;
/** f_type of a cgroup-v2 mount (linux/magic.h: CGROUP2_SUPER_MAGIC). */
const CGROUP2_MAGIC = 0x63677270;

/** The contract's host in two fresh network namespaces, with the real tools and real packets. */
export async function makeLabContractHost(
  backend: Backend,
  makeFirewall: (run: typeof runTool, recent: string) => Firewall,
): Promise<ContractHost> {
  const lab = await makeLab(`contract-${backend}`);
  try {
    const slices = makeSlices(backend);
    lab.onClose(slices.remove);
    const { client, upstream } = lab;
    await upstream.sh(`ip addr add ${PLACES.elsewhere[4]}/32 dev lo`);
    await upstream.sh(`ip addr add ${PLACES.elsewhere[6]}/128 dev lo`);
    // Legacy tables that were once asked for stay, empty, for the life of the namespace: no trace of ours.
    if (backend === 'iptables-legacy') {
      for (const tool of ['iptables-legacy', 'ip6tables-legacy']) {
        for (const table of ['nat', 'filter']) await client.sh(`${tool} -t ${table} -S`);
      }
    }
    const agent = (namespace: typeof client, name: string, ports: readonly number[]) =>
      lab.start(namespace, ['python3', AGENT, name, ...ports.map(String)]);
    const near = agent(client, 'near', [...PLACES.inboundPorts, ...PLACES.sidecarPorts]);
    const far = agent(upstream, 'far', [...PLACES.ports, 22]);
    await Promise.all([near.line(/is ready/), far.line(/is ready/)]);
    let hasForeign = false;
    const foreign = async (change: keyof typeof FOREIGN_NFT) => {
      if (change === 'remove' && !hasForeign) return;
      hasForeign = change !== 'remove';
      await changeForeign(client.tool, backend, change);
    };
    return {
      // The agent's view of the namespace: this process is in another one.
      firewall: makeFirewall(client.tool, `/proc/${near.pid}/net/xt_recent`),
      slices,
      connect: (request) => connect(request, { near, far, mount: slices.mount, tool: client.tool }),
      addForeign: () => foreign('add'),
      reloadForeign: () => foreign('reload'),
      removeForeign: () => foreign('remove'),
      listing: () => listEverything(client.tool, backend),
      nowMs: () => Date.now(),
      pass: (ms) => setTimeout(ms),
    };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

interface Agents {
  readonly near: LabProcess;
  readonly far: LabProcess;
  readonly mount: string;
  readonly tool: typeof runTool;
}

let commands = 0;

async function ask(agent: LabProcess, command: object): Promise<Record<string, unknown>> {
  commands += 1;
  const number = commands;
  agent.write(JSON.stringify({ ...command, number }));
  const [, answer = ''] = await agent.line(new RegExp(`^answer ${number} (.*)$`));
  return JSON.parse(answer);
}

async function connect(request: ConnectRequest, { near, far, mount, tool }: Agents): Promise<ContractConnection> {
  const { family = 4, port = 80, inbound = false, cgroup } = request;
  const { uid = PLACES.uids.nobody, gid = uid } = inbound ? { uid: 0 } : request;
  const address = inbound ? PLACES.thisHost[family] : (request.to ?? PLACES.otherHost[family]);
  const agent = inbound ? far : near;
  const id = `connection ${commands}`;
  const from = cgroup ? { cgroup: `${mount}/${cgroup}` } : {};
  const answer = await ask(agent, { do: 'open', id, uid, gid, address, port, ...from });
  if (typeof answer.greeting !== 'string') throw new Error(`${uid} to ${address} ${port}: ${answer.error}`);
  const [who, at] = answer.greeting.split(' ');
  const meant = inbound || address === '::1' || address.startsWith('127.') ? 'near' : 'far';
  return {
    redirectedTo: who === meant && Number(at) === port ? null : Number(at),
    async mark() {
      // As the client sent it; a port alone may have been another connection's before.
      const flow = ['-d', address, '--sport', String(answer.source), '--dport', String(port)];
      const argv = ['conntrack', '-L', '-p', 'tcp', '-f', family === 4 ? 'ipv4' : 'ipv6', ...flow] as const;
      const { stdout } = await tool([...argv], { timeoutMs: 30_000 });
      return Number(/ mark=(\d+)/.exec(stdout)?.[1] ?? 0);
    },
    async isAlive() {
      return (await ask(agent, { do: 'say', id })).alive === true;
    },
  };
}

// As docker has them, and a hand-written firewall. A reload puts the foreign rules back at the head of their chains.
// Not in PREROUTING: the built-in chains that iptables-nft makes for weir alone have to go with its rules.
const DOCKER_JUMPS = {
  OUTPUT: '! -d 127.0.0.0/8 -j DOCKER',
  POSTROUTING: '-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
};
const jumps = (action: string): string =>
  Object.entries(DOCKER_JUMPS)
    .map(([chain, rule]) => `${action} ${chain} ${rule}\n`)
    .join('');
const FOREIGN_IPTABLES = {
  add: `*nat\n:DOCKER - [0:0]\n-A DOCKER -p tcp --dport ${PLACES.foreignRedirect.port} -j REDIRECT --to-ports ${PLACES.foreignRedirect.to}\n${jumps('-A')}COMMIT\n*filter\n-A FORWARD -p tcp --dport 8083 -j ACCEPT\nCOMMIT\n`,
  reload: `*nat\n${jumps('-D')}${jumps('-I')}COMMIT\n`,
  remove: `*nat\n${jumps('-D')}-F DOCKER\n-X DOCKER\nCOMMIT\n*filter\n-D FORWARD -p tcp --dport 8083 -j ACCEPT\nCOMMIT\n`,
};
const FOREIGN_TABLE = `table ip docker {
	chain output {
		type nat hook output priority -100; policy accept;
		tcp dport ${PLACES.foreignRedirect.port} redirect to :${PLACES.foreignRedirect.to}
	}
}
`;
const FOREIGN_NFT = {
  add: FOREIGN_TABLE,
  reload: `delete table ip docker\n${FOREIGN_TABLE}`,
  remove: 'delete table ip docker\n',
};

async function changeForeign(tool: typeof runTool, backend: Backend, change: keyof typeof FOREIGN_NFT): Promise<void> {
  const run = (argv: readonly [string, ...string[]], input: string) => tool(argv, { input, timeoutMs: 30_000 });
  if (backend === 'nft') return void (await run(['nft', '-f', '-'], FOREIGN_NFT[change]));
  await run([`${backend}-restore`, '-w', '5', '--noflush'], FOREIGN_IPTABLES[change]);
  // Tables of iptables-nft stay, empty, when their rules have gone.
  if (backend === 'iptables-nft' && change === 'remove')
    await run(['nft', '-f', '-'], 'delete table ip nat\ndelete table ip filter\n');
}

/** Both views of everything, since neither shows all of the other's rules; without counters and dates. */
async function listEverything(tool: typeof runTool, backend: Backend): Promise<string> {
  const tools: [string, ...string[]][] = [['nft', '-s', 'list', 'ruleset']];
  if (backend !== 'nft') tools.push([`${backend}-save`], [`${backend.replace('ip', 'ip6')}-save`]);
  const texts = [];
  for (const argv of tools) texts.push((await tool(argv, { timeoutMs: 30_000 })).stdout);
  // nft prints the time that is left of an element, iptables-save counts packets and prints the date.
  return texts
    .join('\n')
    .replace(/ expires \S+/g, '')
    .replace(/\[\d+:\d+\]/g, '[0:0]')
    .replace(/^# .*\n/gm, '');
}

interface LabSlices {
  readonly parent: string;
  readonly child: string;
  readonly beside: string;
  /** Where the cgroup-v2 hierarchy is mounted. */
  readonly mount: string;
  remove(): Promise<void>;
}

function makeSlices(name: string): LabSlices {
  const mount = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find(isCgroup2);
  if (mount === undefined) throw new Error('no cgroup v2 hierarchy is mounted');
  const parent = `weir-contract-${name}-${process.pid}.slice`;
  const paths = [parent, `${parent}/pay.service`, `${parent}-beside`];
  for (const path of paths) mkdirSync(`${mount}/${path}`);
  const remove = async () => {
    for (const path of paths.toReversed()) {
      writeFileSync(`${mount}/${path}/cgroup.kill`, '1');
      // What was killed leaves its cgroup a moment later.
      await until('an empty cgroup', async () => readFileSync(`${mount}/${path}/cgroup.procs`, 'utf8') === '');
      rmdirSync(`${mount}/${path}`);
    }
  };
  return { parent, child: `${parent}/pay.service`, beside: `${parent}-beside`, mount, remove };
}

function isCgroup2(path: string): boolean {
  return existsSync(path) && statfsSync(path).type === CGROUP2_MAGIC;
}
