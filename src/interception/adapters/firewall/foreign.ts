/** Detection of other meshes and firewalls by the names of their chains and tables. */
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';
import type { Backend } from '../../backend.ts';
import { locateIptables } from './iptables-tools.ts';
import { legacyTables, type NftChainName, nftChainNames } from './kernel-tables.ts';
import type { ToolRunner } from './standby-tools.ts';

/** Rules of somebody else that matter to weir. */
export interface DetectedForeign {
  /** istio, linkerd, kuma, consul, osm, docker, firewalld, ufw ... */
  readonly name: string;
  /** A mesh redirects the same traffic; a firewall is only worth knowing of. */
  readonly kind: 'mesh' | 'firewall';
  /** The first chain or table that gave it away: `chain ISTIO_OUTPUT in ip nat`. */
  readonly evidence: string;
  readonly backend: Backend;
}

/** The marks of a program: the names that it gives to chains, or to tables of its own under nft. */
interface Signature {
  readonly name: string;
  readonly kind: DetectedForeign['kind'];
  readonly chain?: RegExp;
  readonly table?: RegExp;
}

const SIGNATURES: readonly Signature[] = [
  { name: 'istio', kind: 'mesh', chain: /^ISTIO_/, table: /^istio-proxy-/ },
  { name: 'linkerd', kind: 'mesh', chain: /^PROXY_INIT_/ },
  { name: 'kuma', kind: 'mesh', chain: /^KUMA_MESH_/ },
  { name: 'consul', kind: 'mesh', chain: /^CONSUL_(PROXY|DNS)_/i, table: /^consul/ },
  { name: 'osm', kind: 'mesh', chain: /^OSM_PROXY_/ },
  { name: 'docker', kind: 'firewall', chain: /^DOCKER(-|$)/, table: /^docker-/ },
  { name: 'firewalld', kind: 'firewall', chain: /^(INPUT|FORWARD|POSTROUTING|PREROUTING)_ZONES/, table: /^firewalld$/ },
  { name: 'ufw', kind: 'firewall', chain: /^ufw6?-/ },
  { name: 'cilium', kind: 'firewall', chain: /^(OLD_)?CILIUM_/ },
  { name: 'calico', kind: 'firewall', chain: /^cali-/, table: /^calico$/ },
  { name: 'kube-proxy', kind: 'firewall', chain: /^KUBE-/, table: /^kube-proxy$/ },
];

/** The tables that iptables-nft keeps in nf_tables; all others were written by nft itself. */
const IPTABLES_TABLES = ['filter', 'nat', 'mangle', 'raw', 'security'];
const TIMEOUT_MS = 10_000;

/**
 * Other meshes and firewalls in this network namespace, by the names of their chains and tables; no rule is read and
 * nothing is made. One entry a program and back end. Tools that are not installed are passed over.
 * @throws WeirError WEIR2003 when a tool fails
 */
export async function detectForeign(run: ToolRunner = runTool): Promise<readonly DetectedForeign[]> {
  const [nft, legacy, legacy6] = await Promise.all([
    nftChainNames(run).then((chains) => chains ?? []),
    legacyChainNames('ip', run),
    legacyChainNames('ip6', run),
  ]);
  const found = [
    ...nft.flatMap((one) => recognise(one, isIptablesTable(one) ? 'iptables-nft' : 'nft')),
    ...[...legacy, ...legacy6].flatMap((one) => recognise(one, 'iptables-legacy')),
  ];
  const first = new Map(found.toReversed().map((one) => [`${one.name} ${one.backend}`, one]));
  return [...first.values()].toReversed();
}

function recognise({ family, table, chain }: NftChainName, backend: Backend): DetectedForeign[] {
  return SIGNATURES.flatMap((signature): DetectedForeign[] => {
    const { name, kind } = signature;
    if (signature.chain?.test(chain))
      return [{ name, kind, evidence: `chain ${chain} in ${family} ${table}`, backend }];
    if (backend !== 'nft' || !signature.table?.test(table)) return [];
    return [{ name, kind, evidence: `table ${family} ${table}`, backend }];
  });
}

function isIptablesTable({ family, table }: NftChainName): boolean {
  return (family === 'ip' || family === 'ip6') && IPTABLES_TABLES.includes(table);
}

/** The chains in existing legacy tables. A missing table is not listed, because a listing would make it. */
async function legacyChainNames(family: 'ip' | 'ip6', run: ToolRunner): Promise<NftChainName[]> {
  const tables = (await legacyTables(family, run)) ?? [];
  if (tables.length === 0) return [];
  try {
    const { save } = await locateIptables('legacy', family, run);
    const listed = tables.map(async (table) => {
      const { stdout } = await run([save, '-t', table], { timeoutMs: TIMEOUT_MS });
      return [...stdout.matchAll(/^:(\S+)/gm)].map(([, chain = '']) => ({ family, table, chain }));
    });
    return (await Promise.all(listed)).flat();
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2001') return [];
    throw error;
  }
}
