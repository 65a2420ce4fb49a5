/** Asks Istio's validation and analyzers. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { goBinary } from '../../../scripts/setup/go.ts';

/** Istio's verdict on one document; `error` is empty for a good one. */
export interface IstioVerdict {
  readonly kind: string;
  readonly name: string;
  readonly error: string;
  readonly warning: string;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/weir/', import.meta.url));
// The program changes with its sources, so an old one in the cache is not taken.
const BINARY = `${CACHE}istio-oracle-eed52ebb66ad-2`;

/** What one of Istio's analyzers said about a resource, such as IST0101 for a subset that nobody defines. */
export interface IstioFinding {
  readonly code: string;
  readonly level: string;
  readonly origin: string;
  readonly message: string;
}

/**
 * Judges documents by Istio's own strict parser and validation. The first use builds a Go program (minutes, then kept in
 * node_modules/.cache); a missing Go fails the test that asks.
 */
export function judgeByIstio(yaml: string): IstioVerdict[] {
  return run([], yaml)
    .split('\n')
    .map((line) => JSON.parse(line) as IstioVerdict);
}

/** What all of Istio's offline analyzers say about documents that are applied together. */
export function analyzeByIstio(yaml: string): IstioFinding[] {
  // Istio logs to the same output before.
  return JSON.parse(run(['-analyze'], yaml).split('\n').at(-1) ?? '') as IstioFinding[];
}

function run(args: readonly string[], input: string): string {
  if (!existsSync(BINARY)) {
    mkdirSync(CACHE, { recursive: true });
    const go = goBinary();
    if (go === undefined) throw new Error('no Go that can build the oracle: run `npm run setup`');
    execFileSync(go, ['build', '-o', BINARY, '.'], { cwd: HERE, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return execFileSync(BINARY, args, {
    input,
    encoding: 'utf8',
    timeout: 30_000,
    stdio: 'pipe',
  }).trim();
}
