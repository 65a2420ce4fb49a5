/** The Connections port: conntrack for tracked flows, ss for sockets. */
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool, toolFailed } from '../../../platform/exec.ts';
import type { Connections } from '../../ports.ts';
import { MARK_MAGIC, MARK_MAGIC_MASK } from '../../rules/mark.ts';
import { readConnectionPage } from './connection-page.ts';
import { parseConntrackFlows } from './conntrack-output.ts';
import { effectiveGroups } from './process-groups.ts';
import { runConntrack } from './run-conntrack.ts';
import { abortFilters, connectionKey } from './socket-filter.ts';
import { parseSocketListing } from './ss-output.ts';

/** The tool runner, and where to say that something could not be done and what was done instead. */
export interface ConnectionsOptions {
  readonly run?: typeof runTool;
  /** A table that fits into a page of /proc, where the tools work in this process's namespace. */
  readonly readPage?: () => string | null;
  readonly warn: (text: string) => void;
}

const TIMEOUT_MS = 20_000;
const FAMILIES = ['ipv4', 'ipv6'] as const;

// TIME-WAIT is left out: no process owns it any more, and a busy host has tens of thousands of them.
const CONNECTED = ['state', 'connected', 'exclude', 'time-wait'];

/** The `Connections` port by `conntrack` and `ss`, in the network namespace of this process. */
export function createConnections({ run = runTool, readPage, warn }: ConnectionsOptions): Connections {
  const ownPage = readPage ?? (run === runTool ? readConnectionPage : () => null);
  const conntrack = async (action: '-L' | '-D', filter: { mark: number; mask: number }): Promise<string[]> => {
    // conntrack compares with the value as given: bits outside of the mask would never match.
    const mark = `${hex((filter.mark & filter.mask) >>> 0)}/${hex(filter.mask)}`;
    return Promise.all(FAMILIES.map((family) => runConntrack(run, [action, '-p', 'tcp', '-m', mark, '-f', family])));
  };
  const underWay = new Map<string, Promise<string>>();
  // Who asks while the same listing is under way gets that one.
  const listOnce = (selection: readonly string[]): Promise<string> => {
    const key = selection.join(' ');
    const listing = underWay.get(key) ?? listSockets(run, selection).finally(() => underWay.delete(key));
    underWay.set(key, listing);
    return listing;
  };
  return {
    async tracked(filter = { mark: MARK_MAGIC, mask: MARK_MAGIC_MASK }) {
      const page = ownPage();
      if (page !== null)
        return parseConntrackFlows(page).filter(({ mark }) => ((mark ^ filter.mark) & filter.mask) === 0);
      return (await conntrack('-L', filter)).flatMap(parseConntrackFlows);
    },
    async sockets(kind, { processes, sockopts = false } = { processes: false }) {
      const filter = kind === 'listening' ? ['-l'] : CONNECTED;
      const columns = [...(processes ? ['-p'] : []), ...(sockopts ? ['--inet-sockopt'] : [])];
      const listing = listOnce([...columns, ...filter]);
      // iproute2 before 5.11 does not know that option: then nothing is known of it.
      if (!sockopts) return parseSocketListing(await listing);
      const known = await listing.catch(() => listOnce(processes ? ['-p', ...filter] : filter));
      return parseSocketListing(known);
    },
    async groupsOf(pids) {
      return effectiveGroups(pids);
    },
    async abort(pairs) {
      const keys = new Set(pairs.map(({ local, peer }) => connectionKey(local, peer)));
      const aborted = new Set<string>();
      for (const filter of abortFilters(pairs)) {
        const { stdout, stderr } = await run(['ss', '-K', '-H', '-t', '-n', ...CONNECTED, ...filter], {
          timeoutMs: TIMEOUT_MS,
        });
        if (stderr.includes('SOCK_DESTROY')) throw mayNotAbort(stderr);
        // A socket can end between its listing and its abortion: what ss prints is what it aborted.
        for (const { local, peer } of parseSocketListing(stdout)) {
          const key = [connectionKey(local, peer), connectionKey(peer, local)].find((one) => keys.has(one));
          if (key !== undefined) aborted.add(key);
        }
        // Without INET_DIAG_DESTROY the kernel refuses each one and ss says nothing: then they are all still there.
        if (aborted.size === 0 && (await anyLeft(run, filter))) {
          warn(
            'this kernel cannot abort connections (CONFIG_INET_DIAG_DESTROY is not set): a connection ends by itself, or when its conntrack entry is gone and its program sends again',
          );
          return 0;
        }
      }
      return aborted.size;
    },
    async forget(filter) {
      return (await conntrack('-D', filter)).flatMap(parseConntrackFlows).length;
    },
  };
}

async function listSockets(run: typeof runTool, selection: readonly string[]): Promise<string> {
  const list = (...columns: string[]) =>
    run(['ss', '-H', '-t', '-n', '-e', ...columns, ...selection], { timeoutMs: TIMEOUT_MS, reject: false });
  const result = await list('--cgroup');
  if (result.exitCode === 0) return result.stdout;
  // iproute2 before 5.8 does not know --cgroup; the cgroup is unknown then, which the port allows.
  const plain = await list();
  if (plain.exitCode === 0) return plain.stdout;
  throw toolFailed(['ss', '-t', ...selection], plain);
}

async function anyLeft(run: typeof runTool, filter: readonly string[]): Promise<boolean> {
  const { stdout } = await run(['ss', '-H', '-t', '-n', ...CONNECTED, ...filter], { timeoutMs: TIMEOUT_MS });
  return stdout.trim() !== '';
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function mayNotAbort(stderr: string): WeirError {
  return new WeirError('WEIR2020', {
    what: 'connections may not be aborted',
    why: `the kernel refused it: ${stderr.trim().split('\n')[0]}`,
    hint: 'run weir as root, or with CAP_NET_ADMIN in this network namespace',
  });
}
