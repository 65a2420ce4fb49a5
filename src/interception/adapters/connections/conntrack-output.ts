/** The parser of conntrack's listings. */
import { SocketAddress } from 'node:net';
import type { TcpEndpoint, TrackedFlow } from '../../ports.ts';

/**
 * The TCP flows in the output of `conntrack -L` or `conntrack -D`, each once: a listing taken while the table changes
 * can name a flow twice. Lines that are not about TCP, or that lack an address, are skipped.
 * The format is that of /proc/net/nf_conntrack and of conntrack-tools 1.4:
 * `tcp 6 431999 ESTABLISHED src= dst= sport= dport= src= ... mark=`, where packet counts, zones, labels and flags may
 * stand in between, and offloaded flows have neither timeout nor state.
 */
export function parseConntrackFlows(output: string): TrackedFlow[] {
  const flows = new Map<string, TrackedFlow>();
  for (const line of output.split('\n')) {
    const flow = parseFlow(line);
    if (flow !== null) flows.set(flowKey(flow), flow);
  }
  return [...flows.values()];
}

/** A line as all programs write it: a host may have ten thousand of them, and one pattern takes a third of the time. */
const USUAL =
  /(?:\s([A-Z][A-Z0-9_]+) )?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+).*? src=(\S+) dst=\S+ sport=(\d+) .*?\bmark=(\S+)/;

function parseFlow(line: string): TrackedFlow | null {
  if (!/(^|\s)tcp\s/.test(line)) return null;
  const [, state, src, dst, sport, dport, answering, port, mark] = USUAL.exec(line) ?? [];
  const source = endpoint(src, sport);
  const originalDestination = endpoint(dst, dport);
  const answeredBy = endpoint(answering, port);
  if (source === null || originalDestination === null || answeredBy === null) return parseFields(line);
  return { mark: Number(mark), state: state ?? stateless(line), source, originalDestination, answeredBy };
}

/** Field by field, wherever each stands; a listing may have no marks. */
function parseFields(line: string): TrackedFlow | null {
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
  const state = /\s([A-Z][A-Z0-9_]+) src=/.exec(line)?.[1] ?? stateless(line);
  return { mark, state, source, originalDestination, answeredBy };
}

/** Offloaded flows have no state. */
function stateless(line: string): string {
  return line.includes('OFFLOAD]') ? 'ESTABLISHED' : 'NONE';
}

function endpoint(address: string | undefined, port: string | undefined): TcpEndpoint | null {
  return address === undefined || port === undefined ? null : { address: canonical(address), port: Number(port) };
}

/** /proc writes every group of an IPv6 address with four digits, all other programs the short form. */
function canonical(address: string): string {
  return address.length === 39 && /^[\da-f]{4}(?::[\da-f]{4}){7}$/.test(address)
    ? new SocketAddress({ address, family: 'ipv6' }).address
    : address;
}

function flowKey({ source, originalDestination: to, answeredBy: by }: TrackedFlow): string {
  return `${source.address} ${source.port} ${to.address} ${to.port} ${by.address} ${by.port}`;
}
