/** Reads what iptables-save prints of somebody else's rules. */
import type { PortRange } from '../../mesh/mesh-config.ts';
import type { Condition, Effect, ForeignChain, ForeignRule, ForeignTable, ForeignVerdict } from './foreign-rules.ts';

/** Priorities of iptables' tables at a hook (netfilter_ipv4.h); nat is not the same everywhere, and no filter. */
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, nat: -100, filter: 0, security: 50 };

const HOOKS: readonly string[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/** The tables in the output of iptables-save or ip6tables-save, without weir's own chains and the jumps to them. */
export function readSavedRules(text: string, family: 'ip' | 'ip6', by: ForeignTable['by']): ForeignTable[] {
  const tables: { family: 'ip' | 'ip6'; name: string; by: ForeignTable['by']; chains: MutableChain[] }[] = [];
  for (const line of text.split('\n')) {
    const table = tables.at(-1);
    if (line.startsWith('*')) tables.push({ family, name: line.slice(1).trim(), by, chains: [] });
    else if (table !== undefined && line.startsWith(':')) table.chains.push(declared(line, table.name));
    else if (table !== undefined && line.startsWith('-A ')) {
      const words = wordsOf(line);
      const chain = table.chains.find(({ name }) => name === words[1]);
      chain?.rules.push(...readRule(words.slice(2), `${by} ${table.name}: ${line}`));
    }
  }
  return tables.map((table) => ({ ...table, chains: table.chains.filter(({ name }) => !name.startsWith('WEIR_')) }));
}

interface MutableChain extends ForeignChain {
  readonly rules: ForeignRule[];
}

function declared(line: string, table: string): MutableChain {
  const [, name = '', policy = ''] = /^:(\S+)\s+(\S+)/.exec(line) ?? [];
  const isBase = HOOKS.includes(name);
  return {
    name,
    hook: isBase
      ? { at: name.toLowerCase(), type: table === 'nat' ? 'nat' : 'filter', priority: PRIORITIES[table] ?? 0 }
      : null,
    policy: policy === 'DROP' ? 'drop' : 'accept',
    rules: [],
  };
}

/** Words of a line of iptables-save; a quoted one may hold spaces and backslashes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll(/\\(.)/g, '$1'),
  );
}

function readRule(words: readonly string[], text: string): ForeignRule[] {
  const conditions: Condition[] = [];
  let effects: Effect[] = [];
  let verdict: ForeignVerdict = { to: 'continue' };
  let negate = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const value = words[at + 1] ?? '';
    if (word === '!') {
      negate = true;
      continue;
    }
    if (word === '-m') at += 1;
    else if (word === '-j' || word === '-g') {
      if (value.startsWith('WEIR_')) return [];
      ({ verdict, effects } = readTarget(word, value, words.slice(at + 2)));
      break;
    } else if (word === '--comment') at += 1;
    else {
      const condition = readCondition(word, value, negate);
      if (condition === 'flag') conditions.push({ on: 'unknown', text: word, negate });
      else {
        if (condition !== null) conditions.push(condition);
        // `--tcp-flags` alone takes two words.
        at += word === '--tcp-flags' ? 2 : 1;
      }
    }
    negate = false;
  }
  return [{ conditions, effects, verdict, text }];
}

/** The condition of an option and its value; null for one that a first packet of TCP always meets. */
function readCondition(word: string, value: string, negate: boolean): Condition | null | 'flag' {
  switch (word) {
    case '-p':
      return { on: 'protocol', protocols: [value], negate };
    case '-i':
    case '-o':
      return { on: 'interface', names: [value], negate };
    case '-d':
      return {
        on: 'daddr',
        cidrs: [value.includes('/') ? value : `${value}/${value.includes(':') ? 128 : 32}`],
        negate,
      };
    case '--dport':
    case '--dports': {
      const ports = value.split(',').map(rangeOf);
      return ports.every((range) => range !== null) ? { on: 'dport', ports, negate } : unknown(word, value, negate);
    }
    case '--uid-owner':
    case '--gid-owner': {
      const range = rangeOf(value.replace('-', ':'));
      if (range === null) return unknown(word, value, negate);
      return { on: word === '--uid-owner' ? 'uid' : 'gid', ids: [range], negate };
    }
    case '--state':
    case '--ctstate':
      return { on: 'state', states: value.split(','), negate };
    case '--tcp-flags':
      return negate ? unknown(word, value, negate) : null;
    default:
      return value.startsWith('-') || value === '' || value === '!' ? 'flag' : unknown(word, value, negate);
  }
}

function unknown(word: string, value: string, negate: boolean): Condition {
  return { on: 'unknown', text: `${word} ${value}`, negate };
}

function rangeOf(text: string): PortRange | null {
  const [, from, to] = /^(\d+)(?::(\d+))?$/.exec(text) ?? [];
  return from === undefined ? null : { from: Number(from), to: Number(to ?? from) };
}

function readTarget(
  kind: '-j' | '-g',
  target: string,
  options: readonly string[],
): { verdict: ForeignVerdict; effects: Effect[] } {
  const then = (verdict: ForeignVerdict, ...effects: Effect[]) => ({ verdict, effects });
  switch (target) {
    case 'ACCEPT':
      return then({ to: 'accept' });
    case 'DROP':
    case 'REJECT':
      return then({ to: 'drop' });
    case 'RETURN':
      return then({ to: 'return' });
    case 'NOTRACK':
      return then({ to: 'continue' }, 'untracked');
    case 'CT':
      if (options.includes('--notrack')) return then({ to: 'continue' }, 'untracked');
      return options.some((option) => option.startsWith('--zone'))
        ? then({ to: 'continue' }, 'zone')
        : then({ to: 'continue' });
    case 'CONNMARK':
      return then(
        { to: 'continue' },
        options.includes('--restore-mark') ? 'restores-connection-mark' : 'sets-connection-mark',
      );
    case 'MARK':
      return then({ to: 'continue' }, 'sets-packet-mark');
    case 'DNAT':
    case 'REDIRECT':
    case 'TPROXY':
      return then({ to: 'accept' }, 'forwards');
    default:
      // A target of an extension has a name in capitals and decides nothing; all else is a chain.
      return then({ to: kind === '-g' ? 'goto' : 'jump', chain: target });
  }
}
