import type { TestContext } from 'node:test';
import { createIptablesFirewall } from '../../../src/interception/adapters/firewall/iptables.ts';
import { createNftFirewall } from '../../../src/interception/adapters/firewall/nft.ts';
import type { Backend } from '../../../src/interception/backend.ts';
import type { Firewall } from '../../../src/interception/ports.ts';
import { type Stage, setStage } from '../../../test/e2e/interception/stage.ts';

/** The back ends in the order of the tables. */
export const BACKENDS: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy'];

/** Sets a stage with a real Envoy for the length of `work`, outside of any test. */
export async function onStage<T>(
  name: string,
  apps: Record<string, unknown>,
  work: (stage: Stage) => Promise<T>,
  sidecar: 'envoy' | 'transparent' = 'envoy',
): Promise<T> {
  const tasks: (() => Promise<void> | void)[] = [];
  const context = { after: (task: () => Promise<void> | void) => tasks.push(task) } as unknown as TestContext;
  try {
    return await work(await setStage(name, { test: context, apps, sidecar }));
  } finally {
    for (const task of tasks) await task();
  }
}

/** The adapter of a back end, at work in the stage's namespace. */
export function firewallOf(stage: Stage, backend: Backend): Firewall {
  if (backend === 'nft') return createNftFirewall(stage.lab.client.tool);
  return createIptablesFirewall(backend === 'iptables-nft' ? 'nft' : 'legacy', stage.lab.client.tool);
}

/** Rows under a heading, columns aligned. */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`\n${title}\n${lines.join('\n')}\n`);
}

/** The middle of a list, to one digit. */
export function median(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(1);
}
