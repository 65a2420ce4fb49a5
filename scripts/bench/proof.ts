/**
 * How long the packet proof of `weir on` takes with one application and with many, two families each, in network
 * namespaces of its own and through a real Envoy, as root: `npm run build && node scripts/bench/proof.ts [1 100 1000]`.
 */
import { record } from './figure.ts';
import { BACKENDS, median, onStage, printTable } from './interception/bench-lab.ts';

/** What `weir on --json` says as far as it matters here. */
interface Switched {
  readonly apps: readonly { readonly proof: { readonly ipv4: string; readonly ipv6: string } }[];
  readonly ms: { readonly prove: number; readonly total: number };
}

const counts = process.argv.slice(2).map(Number);
const rows: (string | number)[][] = [];
for (const count of counts.length > 0 ? counts : [1, 100, 1000]) rows.push(await measure(count));
printTable(
  `packet proof of \`weir on\`, two families, ${BACKENDS[0]}`,
  ['apps', 'rounds', 'proof ms', 'ms an app', 'on ms', 'proven'],
  rows,
);

async function measure(count: number): Promise<(string | number)[]> {
  const rounds = count > 500 ? 3 : 7;
  const others = Array.from({ length: count - 1 }, (_, index): [string, unknown] => [
    `app${index}`,
    { select: { user: 40_000 + index }, sidecar: 'main' },
  ]);
  return onStage(`proof-${count}`, Object.fromEntries(others), async ({ weir }) => {
    const proofs: number[] = [];
    const totals: number[] = [];
    let proven = 0;
    for (let round = 0; round < rounds; round += 1) {
      const names = ['payment', ...others.map(([name]) => name)];
      const answer = await weir.json(['on', ...names, '--backend', BACKENDS[0] ?? 'nft']);
      if (answer.code !== 0) throw new Error(`weir on: ${JSON.stringify(answer.json.error)}`);
      const { apps, ms }: Switched = answer.json.result;
      proofs.push(ms.prove);
      totals.push(ms.total);
      proven = apps.filter(({ proof }) => proof.ipv4 === 'ok' && proof.ipv6 === 'ok').length;
      await weir.json(['uninstall', '--existing', 'cut']);
    }
    const proof = Number(median(proofs));
    record({ what: `packet proof of \`weir on\`, ${count} applications, two families`, unit: 'ms', weir: proof });
    record({ what: `of them not proven, of ${count}`, unit: '', weir: count - proven, goal: { most: 0 } });
    return [count, rounds, proof, (proof / count).toFixed(1), Number(median(totals)), `${proven} of ${count}`];
  });
}
