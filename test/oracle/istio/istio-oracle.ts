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
const BINARY = `${CACHE}istio-oracle-eed52ebb66ad`;

/**
 * Judges documents by Istio's own strict parser and validation. The first use builds a Go program (two minutes, then kept in
 * node_modules/.cache); a missing Go fails the test that asks.
 */
export function judgeByIstio(yaml: string): IstioVerdict[] {
  if (!existsSync(BINARY)) {
    mkdirSync(CACHE, { recursive: true });
    const go = goBinary();
    if (go === undefined) throw new Error('no Go that can build the oracle: run `npm run setup`');
    execFileSync(go, ['build', '-o', BINARY, '.'], { cwd: HERE, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const lines = execFileSync(BINARY, { input: yaml, encoding: 'utf8', timeout: 30_000 }).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as IstioVerdict);
}
