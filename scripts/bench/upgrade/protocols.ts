/** Every protocol through an upgrade: what its clients saw beside what weir reported. */
import { loadavg } from 'node:os';
import { PROTOCOL_CASES, QUIC_CASE, tryProtocol } from '../../../test/e2e/sidecar/protocol-cases.ts';
import { textTable } from './text-table.ts';

const shown = (count: number | null) => (count === null ? 'null' : count);

/** `cut` is what clients saw of connections and exchanges, `reported` the same by weir. */
export async function printProtocols(): Promise<void> {
  process.stdout.write(`load ${loadavg()[0]?.toFixed(1)}; drain 5 s; some exchanges take 3 s, others 60 s\n`);
  const line = textTable([22, 8, 5, 5, 9, 9, 9, 9, 9, 6]);
  line('', '', '', '', 'cut', 'cut', 'reported', 'reported', 'reported', '');
  line('protocol', 'outcome', 'sent', 'lost', 'connect.', 'exchang.', 'drained', 'connect.', 'requests', 's');
  for (const one of [...PROTOCOL_CASES, QUIC_CASE]) {
    const { outcome, seen, reported, seconds } = await tryProtocol(one);
    const { drained, cut } = reported.connections;
    const ours = [drained, cut, reported.requests.cut].map(shown);
    line(
      one.protocol,
      outcome,
      seen.sent,
      seen.lost,
      shown(seen.cut.connections),
      seen.cut.exchanges,
      ...ours,
      seconds,
    );
  }
}
