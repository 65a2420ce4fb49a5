/** Requests that were cut, in the text of an access log. */
const ADDRESS = /(?:\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\]):\d+/g;

/**
 * How many requests a part of an access log shows as cut by the end of the process: Envoy writes them before it exits,
 * with response code details `downstream_local_disconnect(...)` (measured on 1.39 and 1.40; its counters read 0). A
 * connection that the kernel aborted looks as if the client had gone; `peers` are the clients of those.
 */
export function countCutRequests(log: string, peers: readonly string[]): number {
  const lines = log.split('\n');
  const atTheEnd = lines.filter((line) => line.includes('downstream_local_disconnect')).length;
  if (peers.length === 0) return atTheEnd;
  const cut = new Set(peers);
  const isCut = (line: string) => [...line.matchAll(ADDRESS)].some(([address]) => cut.has(address));
  return atTheEnd + lines.filter((line) => line.includes('downstream_remote_disconnect') && isCut(line)).length;
}
