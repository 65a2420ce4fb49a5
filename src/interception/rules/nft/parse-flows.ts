/** The parser of the flows that packets entered into the sets of the table of transparent proxying. */
import { canonicalAddress } from '../../../mesh/cidr.ts';
import type { RememberedFlow } from '../../ports.ts';
import { FLOW_SETS, LISTENERS_MAP } from './compile-tproxy.ts';
import { at, type Json, listAt, numberAt, textAt } from './json-path.ts';

/**
 * The flows in the output of `nft -j list table inet weir_tproxy`, each with the mark of its first packet as long as
 * the kernel still knows that: half a minute. In that time it also knows those that have ended.
 * @throws SyntaxError when the text is not JSON
 */
export function parseNftFlows(output: string): RememberedFlow[] {
  const objects = listAt(JSON.parse(output), 'nftables');
  const sets = objects.flatMap((object) => at(object, 'set') ?? []);
  const read = (kind: keyof typeof FLOW_SETS): Endpoints[] => {
    const names: readonly string[] = Object.values(FLOW_SETS[kind]);
    const own = sets.filter((set) => names.includes(textAt(set, 'name') ?? ''));
    return own.flatMap((set) => listAt(set, 'elem').flatMap(readElement));
  };
  const marks = new Map(read('origin').map(({ key, mark }) => [key, mark]));
  const taken = new Set(read('taken').map(({ key }) => key));
  const portOf = listenerPorts(objects);
  const flows = new Map<string, RememberedFlow>();
  for (const kind of ['origin', 'closing', 'open'] as const) {
    for (const { key, source, destination } of read(kind)) {
      const state = kind === 'origin' ? 'ended' : kind;
      const mark = marks.get(key) ?? null;
      const port = mark === null ? null : (portOf.get(mark) ?? null);
      flows.set(key, { source, destination, state, mark, isTaken: taken.has(key), port });
    }
  }
  return [...flows.values()];
}

/** The port that the rules give connections under a mark to: from the map of listeners, and their chains. */
function listenerPorts(objects: readonly Json[]): ReadonlyMap<number, number> {
  const chainPorts = new Map(
    objects.flatMap((object): [string, number][] => {
      const chain = textAt(object, 'rule', 'chain');
      const port = listAt(object, 'rule', 'expr').flatMap((part) => numberAt(part, 'tproxy', 'port') ?? [])[0];
      return chain === undefined || port === undefined ? [] : [[chain, port]];
    }),
  );
  const listeners = objects.find((object) => textAt(object, 'map', 'name') === LISTENERS_MAP);
  return new Map(
    listAt(listeners, 'map', 'elem').flatMap((element): [number, number][] => {
      const mark = numberAt(element, 0) ?? numberAt(element, 0, 'elem', 'val');
      const port = chainPorts.get(textAt(element, 1, 'goto', 'target') ?? '');
      return mark === undefined || port === undefined ? [] : [[mark, port]];
    }),
  );
}

interface Endpoints extends Pick<RememberedFlow, 'source' | 'destination' | 'mark'> {
  readonly key: string;
}

/** `{"elem": {"val": {"concat": [...]}}}`, with a mark in front in the sets of origins. */
function readElement(element: Json): Endpoints[] {
  const parts = listAt(at(element, 'elem', 'val'), 'concat');
  const [mark, ends] = parts.length === 5 ? [parts[0], parts.slice(1)] : [null, parts];
  const [source, destination] = [readEndpoint(ends[0], ends[1]), readEndpoint(ends[2], ends[3])];
  if (source === null || destination === null) return [];
  const key = [source, destination].map(({ address, port }) => `${address} ${port}`).join(' ');
  return [{ key, source, destination, mark: typeof mark === 'number' ? mark : null }];
}

function readEndpoint(address: Json, port: Json): RememberedFlow['source'] | null {
  const canonical = typeof address === 'string' ? canonicalAddress(address) : null;
  return canonical === null || typeof port !== 'number' ? null : { address: canonical, port };
}
