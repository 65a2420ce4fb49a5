/** Routing rules, interfaces and what they carry, by `ip`. */
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';
import type { InterfaceFact, RoutingFacts } from '../../surroundings/ports.ts';
import type { Seen } from '../../surroundings/seen.ts';

const TIMEOUT_MS = 5000;

interface Rule {
  readonly priority: number;
  readonly table?: string;
  readonly fwmark?: string;
  readonly src?: string;
  readonly dst?: string;
}

interface Link {
  readonly ifname: string;
  readonly flags?: readonly string[];
  readonly master?: string;
  readonly addr_info?: readonly { readonly family?: string; readonly scope?: string; readonly local?: string }[];
}

interface Route {
  readonly dst?: string;
  readonly dev?: string;
  readonly type?: string;
  readonly scope?: string;
  readonly nexthops?: readonly { readonly dev?: string }[];
}

/** How this network namespace routes; unseen when `ip` fails or a kernel without IPv6 hides behind another error. */
export async function readRouting(run = runTool): Promise<Seen<RoutingFacts>> {
  const ask = async <T>(...args: string[]): Promise<T[]> => {
    const { stdout } = await run(['ip', '-j', ...args], { timeoutMs: TIMEOUT_MS });
    return JSON.parse(stdout.trim() || '[]') as T[];
  };
  // A kernel without IPv6 answers that the family is not supported: there is nothing to route then.
  const ask6 = <T>(...args: string[]): Promise<T[]> =>
    ask<T>('-6', ...args).catch((error: unknown) => {
      if (error instanceof WeirError && /not supported|disabled/i.test(error.why)) return [];
      throw error;
    });
  try {
    const [rules4, rules6, links, routes4, routes6] = await Promise.all([
      ask<Rule>('-4', 'rule', 'show'),
      ask6<Rule>('rule', 'show'),
      ask<Link>('addr', 'show', 'up'),
      ask<Route>('-4', 'route', 'show', 'table', 'all'),
      ask6<Route>('route', 'show', 'table', 'all'),
    ]);
    return {
      seen: {
        rulesBeforeLocal: [...beforeLocal(rules4, 4), ...beforeLocal(rules6, 6)],
        interfaces: links.flatMap((link) => interfaceFact(link, devices(routes4), devices(routes6))),
      },
    };
  } catch (error) {
    return { unseen: error instanceof WeirError ? `${error.what}: ${error.why}` : String(error) };
  }
}

/** A device name in `ip -j` may be that of a rule without one: rules stand in the order of their priority. */
function beforeLocal(rules: readonly Rule[], family: 4 | 6): RoutingFacts['rulesBeforeLocal'] {
  const isLocal = (rule: Rule): boolean =>
    rule.table === 'local' && (rule.src ?? 'all') === 'all' && rule.dst === undefined && rule.fwmark === undefined;
  const sorted = rules.toSorted((a, b) => a.priority - b.priority);
  const end = sorted.findIndex(isLocal);
  return sorted.slice(0, end === -1 ? 0 : end).map((rule) => ({
    family,
    hasMark: rule.fwmark !== undefined,
    text: ruleText(rule),
  }));
}

function ruleText({ priority, src, dst, fwmark, table }: Rule): string {
  const to = dst === undefined ? '' : ` to ${dst}`;
  const mark = fwmark === undefined ? '' : ` fwmark ${fwmark}`;
  return `${priority}: from ${src ?? 'all'}${to}${mark} lookup ${table ?? '?'}`;
}

/** Devices that a route of more than this host and its link leads out by. */
function devices(routes: readonly Route[]): ReadonlySet<string> {
  const leading = routes.filter(
    ({ type = 'unicast', dst = '' }) => type === 'unicast' && !/^(?:fe80:|ff00:|169\.254\.)/.test(dst),
  );
  return new Set(
    leading.flatMap(({ dev, nexthops = [] }) =>
      [dev, ...nexthops.map((hop) => hop.dev)].filter((name) => name !== undefined),
    ),
  );
}

/** The ports of a bridge or bond have no addresses of their own. */
function interfaceFact(
  { ifname, flags = [], master, addr_info = [] }: Link,
  routed4: ReadonlySet<string>,
  routed6: ReadonlySet<string>,
): InterfaceFact[] {
  if (master !== undefined) return [];
  const has = (family: string): boolean => addr_info.some((one) => one.family === family && one.scope === 'global');
  return [
    {
      name: ifname,
      isLoopback: flags.includes('LOOPBACK'),
      addresses: addr_info.flatMap(({ scope, local }) => (scope === 'global' && local !== undefined ? [local] : [])),
      has: { ipv4: has('inet'), ipv6: has('inet6') },
      carries: { ipv4: routed4.has(ifname), ipv6: routed6.has(ifname) },
    },
  ];
}
