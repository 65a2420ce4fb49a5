/** The MarkRoutes port by `ip`: one rule and one route a family. */
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';
import type { MarkRoutes, MarkRoutesFacts } from '../../ports.ts';
import { MARK_MAGIC, MARK_MAGIC_MASK } from '../../rules/mark.ts';

const TIMEOUT_MS = 5000;
/** The routing table of weir: 0x5757, "WW". The tables of distributions and of other meshes lie below 2000. */
const TABLE = '22359';
/** After the table of this host's own addresses (0), before those that programs usually add. */
const PRIORITY = '87';
/** Tags both as ours: `protocol` of a route or rule is free above 16 (rtnetlink(7)); 87 is `W`. */
const PROTOCOL = '87';

const MARK = `0x${MARK_MAGIC.toString(16)}/0x${MARK_MAGIC_MASK.toString(16)}`;
const RULE = ['fwmark', MARK, 'lookup', TABLE, 'pref', PRIORITY, 'protocol', PROTOCOL];
const ROUTE = ['local', 'default', 'dev', 'lo', 'table', TABLE, 'proto', PROTOCOL];

interface Rule {
  readonly priority: number;
  readonly table?: string;
  readonly fwmark?: string;
  readonly fwmask?: string;
  readonly protocol?: string;
}

interface Route {
  readonly type?: string;
  readonly dst?: string;
  readonly dev?: string;
  readonly protocol?: string;
}

/** What one family has. */
interface FamilyFacts {
  readonly family: 4 | 6;
  readonly rules: readonly Rule[];
  readonly routes: readonly Route[];
}

/** The routing of weir's marks in the network namespace of this process. */
export function createMarkRoutes(run: typeof runTool = runTool): MarkRoutes {
  const ip = (family: 4 | 6, ...args: string[]) => run(['ip', `-${family}`, ...args], { timeoutMs: TIMEOUT_MS });
  const list = async <T>(family: 4 | 6, ...args: string[]): Promise<T[]> => {
    const { stdout } = await run(['ip', '-j', `-${family}`, ...args], { timeoutMs: TIMEOUT_MS });
    return JSON.parse(stdout.trim() || '[]') as T[];
  };
  const readFamily = async (family: 4 | 6): Promise<FamilyFacts | null> => {
    try {
      const rules = await list<Rule>(family, 'rule', 'show');
      const routes = await list<Route>(family, 'route', 'show', 'table', TABLE).catch(emptyIfNoTable);
      return { family, rules, routes };
    } catch (error) {
      // A kernel without IPv6 has nothing to route.
      if (family === 6 && error instanceof WeirError && /not supported|disabled/i.test(error.why)) return null;
      throw error;
    }
  };
  const readAll = async (): Promise<FamilyFacts[]> =>
    (await Promise.all(([4, 6] as const).map(readFamily))).filter((facts) => facts !== null);
  return {
    async read() {
      return judge(await readAll());
    },
    async ensure() {
      for (const { family, rules, routes } of await readAll()) {
        if (!routes.some(isOwnRoute)) await ip(family, 'route', 'replace', ...ROUTE);
        if (!rules.some(isOwnRule)) await ip(family, 'rule', 'add', ...RULE);
      }
    },
    render(families) {
      const lines = families.flatMap((family) => [
        `ip -${family} route replace ${ROUTE.join(' ')}`,
        `ip -${family} rule add ${RULE.join(' ')}`,
      ]);
      return lines.map((line) => `# ${line}\n`).join('');
    },
    async remove() {
      for (const { family, rules, routes } of await readAll()) {
        // A rule that was added twice is there twice.
        for (const _ of rules.filter(isOwnRule)) await ip(family, 'rule', 'del', ...RULE);
        for (const _ of routes.filter(isOwnRoute)) await ip(family, 'route', 'del', ...ROUTE);
      }
    },
  };
}

/** `ip` reports a table without routes as an error: there is none such yet. */
function emptyIfNoTable(error: unknown): [] {
  if (error instanceof WeirError && /FIB table does not exist/i.test(error.why)) return [];
  throw error;
}

function judge(all: readonly FamilyFacts[]): MarkRoutesFacts {
  return {
    whole: all.filter((one) => one.rules.some(isOwnRule) && one.routes.some(isOwnRoute)).map(({ family }) => family),
    some: all.filter((one) => one.rules.some(isOwnRule) || one.routes.some(isOwnRoute)).map(({ family }) => family),
    clashes: all.flatMap(({ family, rules }) =>
      rules.filter((one) => !isOwnRule(one) && isClash(one)).map((one) => `IPv${family}: ${ruleText(one)}`),
    ),
    earlier: all.flatMap(({ family, rules }) =>
      rules.filter((one) => !isOwnRule(one) && isEarlier(one)).map((one) => `IPv${family}: ${ruleText(one)}`),
    ),
    foreignRoutes: all.flatMap(({ family, routes }) =>
      routes
        .filter((one) => !isOwnRoute(one))
        .map(({ type = 'unicast', dst, dev }) => `IPv${family}: ${type} ${dst} dev ${dev}`),
    ),
  };
}

function isOwnRule({ table, fwmark, protocol }: Rule): boolean {
  return table === TABLE && protocol === PROTOCOL && Number(fwmark) === MARK_MAGIC;
}

function isOwnRoute({ type, dst, dev, protocol }: Route): boolean {
  return type === 'local' && dst === 'default' && dev === 'lo' && protocol === PROTOCOL;
}

/** Bits that a mark of weir may have: the magic byte, the slot, and the two of the direction. */
const OWN_BITS = 0x57ffff30;

/**
 * Whether a rule and weir's marks take packets from each other. A rule that is asked earlier takes one of ours when
 * some mark of ours meets it. Weir's takes those of a later one whose marks have the magic byte.
 */
function isClash({ priority, fwmark, fwmask }: Rule): boolean {
  if (fwmark === undefined) return false;
  const [mark, mask] = [Number(fwmark) >>> 0, Number(fwmask ?? 0xffffffff) >>> 0];
  const isMagic = (mark & mask & MARK_MAGIC_MASK) >>> 0 === MARK_MAGIC;
  const isOurs = ((mark ^ MARK_MAGIC) & mask & MARK_MAGIC_MASK) === 0 && (mark & mask & ~OWN_BITS) === 0;
  return isMagic || (isOurs && priority <= Number(PRIORITY));
}

/** A rule without a mark takes a packet of weir's first, if its table has a route for it. */
function isEarlier({ priority, fwmark, table }: Rule): boolean {
  return fwmark === undefined && table !== 'local' && priority < Number(PRIORITY);
}

function ruleText({ priority, fwmark, fwmask, table }: Rule): string {
  const mark = fwmark === undefined ? '' : `fwmark ${fwmark}${fwmask === undefined ? '' : `/${fwmask}`} `;
  return `${priority}: ${mark}lookup ${table ?? '?'}`;
}
