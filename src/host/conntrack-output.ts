import type { Endpoint, TrackedFlow } from '../usecases/ports.ts';

/**
 * The TCP flows in the output of `conntrack -L` or `conntrack -D`, each once: a listing taken while the table changes
 * can name a flow twice. Lines that are not about TCP, or that lack an address, are skipped.
 * The format is that of conntrack-tools 1.4: `tcp 6 431999 ESTABLISHED src= dst= sport= dport= src= ... mark=`, where
 * packet counts, zones, labels and flags may stand in between, and offloaded flows have neither timeout nor state.
 */
export function parseConntrackFlows(output: string): TrackedFlow[] {
  const flows = new Map<string, TrackedFlow>();
  for (const line of output.split('\n')) {
    const flow = parseFlow(line);
    if (flow !== null) flows.set(flowKey(flow), flow);
  }
  return [...flows.values()];
}

function parseFlow(line: string): TrackedFlow | null {
  if (!/(^|\s)tcp\s/.test(line)) return null;
  const values: Record<'src' | 'dst' | 'sport' | 'dport', string[]> = { src: [], dst: [], sport: [], dport: [] };
  let mark = 0;
  for (const [, key, value] of line.matchAll(/(src|dst|sport|dport|mark)=(\S+)/g)) {
    if (key === 'mark') mark = Number(value);
    else values[key as keyof typeof values].push(value ?? '');
  }
  // First the tuple of the original direction, then that of the replies.
  const source = endpoint(values.src[0], values.sport[0]);
  const originalDestination = endpoint(values.dst[0], values.dport[0]);
  const answeredBy = endpoint(values.src[1], values.sport[1]);
  if (source === null || originalDestination === null || answeredBy === null) return null;
  const state = /\s([A-Z][A-Z0-9_]+) src=/.exec(line)?.[1] ?? (line.includes('OFFLOAD]') ? 'ESTABLISHED' : 'NONE');
  return { mark, state, source, originalDestination, answeredBy };
}

function endpoint(address: string | undefined, port: string | undefined): Endpoint | null {
  return address === undefined || port === undefined ? null : { address, port: Number(port) };
}

function flowKey({ source, originalDestination, answeredBy }: TrackedFlow): string {
  return [source, originalDestination, answeredBy].map(({ address, port }) => `${address} ${port}`).join(' ');
}
