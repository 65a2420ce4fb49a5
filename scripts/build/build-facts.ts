/** From what weir is built: known when it is built, printed by `weir version`. */
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import type { BuildFacts } from '../../src/cli/build-facts.ts';

const root = dirname(dirname(import.meta.dirname));

/** The facts of a build now: of git, where there is one, and of SOURCE_DATE_EPOCH, else of the commit. */
export function buildFacts(): BuildFacts {
  const commit = git('rev-parse', 'HEAD');
  const changed = commit === null ? null : git('status', '--porcelain', '--untracked-files=no');
  const epoch = process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct');
  return {
    commit,
    isChanged: changed === null ? null : changed !== '',
    date: epoch === null ? null : new Date(Number(epoch) * 1000).toISOString(),
  };
}

/** Null: not a checkout, or no git here. */
function git(...words: readonly string[]): string | null {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    return execFileSync('git', ['-C', root, ...words], { encoding: 'utf8', stdio: [...stdio] }).trim();
  } catch {
    return null;
  }
}
