/** Network namespaces of tests. */
import { execFileSync } from 'node:child_process';
import type { ToolRunner } from '../../../src/interception/adapters/firewall/standby-tools.ts';
import { runTool, type ToolResult } from '../../../src/platform/exec.ts';

/** The start of every namespace name that tests make; the leak test looks for it. */
export const LAB_NAMESPACE_PREFIX = 'weir-lab-';

/** How long a tool may take on a busy machine, in milliseconds. */
const LIMIT_MS = 60_000;

let made = 0;

/** A network namespace of its own, with `lo` up, that lives until `remove`. */
export interface LabNamespace {
  readonly name: string;
  /** The namespace file, for `nsenter --net=`. */
  readonly path: string;
  /** Runs a tool inside: a drop-in for the adapters' own `runTool`. */
  readonly tool: ToolRunner;
  /** Runs a command inside, by its words; throws when it fails. Deadline a minute. */
  sh(command: string, input?: string): Promise<ToolResult>;
  /** Deletes it; also when something is still running inside, and without an error when it is gone. Synchronous for exit handlers. */
  remove(): void;
}

/** Makes a namespace `weir-lab-<name>-<pid>-<n>`; the pid tells whose it is when something is left. */
export async function makeNamespace(name: string): Promise<LabNamespace> {
  made += 1;
  const fullName = `${LAB_NAMESPACE_PREFIX}${name}-${process.pid}-${made}`;
  await runTool(['ip', 'netns', 'add', fullName], { timeoutMs: LIMIT_MS });
  const path = `/run/netns/${fullName}`;
  const run: typeof runTool = (argv, options) => runTool(['nsenter', `--net=${path}`, '--', ...argv], options);
  const readProc = async (file: string): Promise<string | null> => {
    const { stdout, exitCode } = await run(['cat', file], { timeoutMs: LIMIT_MS, reject: false });
    return exitCode === 0 ? stdout : null;
  };
  const tool: ToolRunner = Object.assign(run, { readProc });
  const namespace: LabNamespace = {
    name: fullName,
    path,
    tool,
    sh(command, input) {
      const [file = 'true', ...args] = command.trim().split(/\s+/);
      return tool([file, ...args], { timeoutMs: LIMIT_MS, ...(input === undefined ? {} : { input }) });
    },
    remove() {
      try {
        execFileSync('ip', ['netns', 'del', fullName], { stdio: 'ignore' });
      } catch {
        // Removed before: tear-down may run twice.
      }
    },
  };
  try {
    await namespace.sh('ip link set lo up');
    // Servers of every account may listen on port 80.
    await namespace.sh('tee /proc/sys/net/ipv4/ip_unprivileged_port_start', '0');
  } catch (error) {
    namespace.remove();
    throw error;
  }
  return namespace;
}

/** Joins two namespaces by a veth pair, `eth0` at both ends, with the addresses given (`10.77.0.1/24`, `fd77::1/64`). */
export async function joinNamespaces(
  left: { readonly namespace: LabNamespace; readonly addresses: readonly string[] },
  right: { readonly namespace: LabNamespace; readonly addresses: readonly string[] },
): Promise<void> {
  await runTool(
    [
      'ip',
      'link',
      'add',
      'eth0',
      'netns',
      left.namespace.name,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      right.namespace.name,
    ],
    { timeoutMs: LIMIT_MS },
  );
  for (const { namespace, addresses } of [left, right]) {
    // Without `nodad` an IPv6 address cannot be bound for two seconds; link-local ones get no such option, so none is made.
    const commands = [
      'link set eth0 addrgenmode none',
      ...addresses.map((address) => `addr add ${address} dev eth0${address.includes(':') ? ' nodad' : ''}`),
      'link set eth0 up',
    ];
    await namespace.sh('ip -batch -', `${commands.join('\n')}\n`);
  }
}
