/** Tries the features of weir's rules in a network namespace that is discarded afterwards. */
import { readdir } from 'node:fs/promises';
import { WeirError } from '../../errors/weir-error.ts';
import { runTool } from '../../platform/exec.ts';
import { exists } from '../../platform/exists.ts';
import type { FeatureFailure, RuleTool, RuleTrial } from '../ports.ts';

const TIMEOUT_MS = 10_000;
/** Where nft looks for cgroups. */
const NFT_CGROUPS = '/sys/fs/cgroup';

/** A thing that weir's rules need, the kernel module that does it, and text that asks for it. */
interface Feature {
  readonly feature: string;
  readonly module: string;
  readonly text: string;
}

// Accounts are tried with root: in a user namespace no other one need exist.
const NFT_FEATURES: readonly Feature[] = [
  nftChain('nat in inet tables', 'nft_chain_nat', 'type nat hook output priority -101;'),
  nftChain('redirect', 'nft_redir', 'type nat hook output priority -101; tcp dport 1 redirect to :1;'),
  nftChain('connection marks', 'nft_ct', 'ct mark set 0x57000110;'),
  nftChain('accounts', 'nft_meta', 'meta skuid 0 meta skgid 0 return;'),
  nftChain('local destinations', 'nft_fib_inet', 'fib daddr type != local return;'),
  {
    feature: 'maps with timeouts',
    module: 'nft_set_hash',
    text: 'table inet t {\n map m { type uid : verdict; flags timeout; }\n chain c { meta skuid vmap @m; }\n}\n',
  },
  {
    feature: 'maps of port ranges',
    module: 'nft_set_rbtree',
    text: 'table inet t {\n map r { type inet_service : verdict; flags interval, timeout; }\n chain c { tcp dport vmap @r; }\n}\n',
  },
];

// One rule each, so that a failure names what is missing; together they fit into one transaction.
const IPTABLES_FEATURES: readonly Feature[] = [
  iptablesRule('redirect', 'xt_REDIRECT', '-p tcp -j REDIRECT --to-ports 1'),
  iptablesRule('first packets', 'xt_tcpudp', '-p tcp --syn'),
  iptablesRule('accounts', 'xt_owner', '-m owner --uid-owner 0'),
  iptablesRule(
    'connection marks',
    'xt_connmark',
    '-m connmark --mark 0x57000000/0xff000000 -j CONNMARK --set-xmark 0x57000110',
  ),
  iptablesRule('comments', 'xt_comment', '-m comment --comment x'),
  iptablesRule('lists of ports', 'xt_multiport', '-p tcp -m multiport --dports 1,2'),
  iptablesRule('local destinations', 'xt_addrtype', '-m addrtype ! --dst-type LOCAL'),
  iptablesRule('deadlines', 'xt_time', '-m time --datestop 2030-01-01T00:00:00'),
  iptablesRule('slices', 'xt_cgroup', '-m cgroup --path /'),
];

/**
 * Commits the features of weir's rules in a network namespace that ends with the process. Nothing is made on the host
 * itself, not even by iptables-legacy, which makes the tables that it reads. The kernel may load modules for the trial.
 */
export async function tryRules(tool: RuleTool, run = runTool): Promise<RuleTrial> {
  // On a host that uses nft alone, a look at iptables-legacy would load ip_tables: a second firewall would stay behind.
  if (tool.endsWith('-legacy') && !(await exists('/proc/net/ip_tables_names'))) {
    return { outcome: 'impossible', why: 'the kernel has not loaded ip_tables, and a trial would load it' };
  }
  const features = tool === 'nft' ? [...NFT_FEATURES, ...(await nftSlices())] : IPTABLES_FEATURES;
  try {
    const all = await tryText(
      tool,
      features.map(({ text }) => text),
      run,
    );
    if (all === null) return { outcome: 'tried', failures: [] };
    const each = await Promise.all(
      features.map(async ({ feature, module, text }): Promise<FeatureFailure[]> => {
        const error = await tryText(tool, [text], run);
        return error === null ? [] : [{ feature, module, error }];
      }),
    );
    return { outcome: 'tried', failures: each.flat() };
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2003') return { outcome: 'impossible', why: error.why };
    throw error;
  }
}

/** Null when the tool took the texts, else what it said. Throws WEIR2003 when it could not even be run. */
async function tryText(tool: RuleTool, texts: readonly string[], run: typeof runTool): Promise<string | null> {
  const argv = tool === 'nft' ? ['nft', '-f', '-'] : [`${tool}-restore`, '--noflush'];
  const input = tool === 'nft' ? texts.join('') : `*nat\n:WEIR_TRIAL - [0:0]\n${texts.join('')}COMMIT\n`;
  // Without the right to make namespaces a user namespace may give it; the host's xtables lock is not ours to wait for.
  const namespace = process.geteuid?.() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net'];
  const result = await run(['unshare', ...namespace, '--', ...argv], {
    input,
    timeoutMs: TIMEOUT_MS,
    reject: false,
    env: { XTABLES_LOCKFILE: '/dev/null' },
  });
  if (result.exitCode === 0) return null;
  const lines = result.stderr.split('\n').map((line) => line.trim());
  const said = lines
    .filter((line) => line !== '')
    .slice(0, 2)
    .join(' ');
  if (/^unshare: /.test(said)) throw trialImpossible(said);
  return said || `exit code ${result.exitCode}`;
}

function trialImpossible(said: string): WeirError {
  return new WeirError('WEIR2003', {
    what: 'no throw-away network namespace could be made',
    why: said,
    hint: 'run it with sudo',
  });
}

/** The trial of slices names an existing cgroup; nft refuses the path of a missing one. */
async function nftSlices(): Promise<Feature[]> {
  if (!(await exists(`${NFT_CGROUPS}/cgroup.controllers`))) return [];
  const entries = await readdir(NFT_CGROUPS, { withFileTypes: true });
  const [cgroup] = entries.filter((entry) => entry.isDirectory());
  if (cgroup === undefined) return [];
  return [nftChain('slices', 'nft_socket', `socket cgroupv2 level 1 "${cgroup.name}" return;`)];
}

function nftChain(feature: string, module: string, body: string): Feature {
  // One chain a feature, named by its module: all of them fit into one table.
  return { feature, module, text: `table inet t {\n chain ${module} { ${body} }\n}\n` };
}

function iptablesRule(feature: string, module: string, rule: string): Feature {
  return { feature, module, text: `-A WEIR_TRIAL ${rule}\n` };
}
