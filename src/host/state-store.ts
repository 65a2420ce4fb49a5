import { readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { WeirError } from '../errors/weir-error.ts';
import type { StateStore } from '../usecases/ports.ts';
import { type ReplaceStep, removeLeftovers, replaceFileDurably } from './durable-file.ts';
import { JOURNAL_FILES } from './journal-file.ts';
import { makeFolder } from './make-folder.ts';
import { STATE_SCHEMA, type StoredState } from './state-schema.ts';

const FILE_NAME = 'state.json';

/** Told after each step of a write; tests end the process there. */
export type StateWriteStep = 'set-aside' | ReplaceStep;

/**
 * The remembered state in `<stateDir>/state.json`, mode 0600, in a directory that everybody may list. A file that cannot
 * be understood is moved to `state.json.damaged-<time>` by the next write, and stays there: `remove` leaves it as well.
 */
export function createStateStore(stateDir: string, onStep?: (step: StateWriteStep) => void): StateStore {
  const path = join(stateDir, FILE_NAME);
  return {
    async read() {
      const found = await readState(path);
      return 'state' in found ? { state: found.state, problem: null } : { state: null, problem: found.problem };
    },
    async write(state) {
      try {
        await makeFolder(stateDir);
        if ('damaged' in (await readState(path))) {
          await rename(path, `${path}.damaged-${new Date().toISOString().replaceAll(/[-:]/g, '')}`);
          onStep?.('set-aside');
        }
        const text = `${JSON.stringify(state, null, 1)}\n`;
        await replaceFileDurably(path, text, { mode: 0o600, ...(onStep === undefined ? {} : { onStep }) });
      } catch (cause) {
        throw notWritable(path, cause);
      }
    },
    async remove() {
      try {
        await removeLeftovers(path);
        for (const name of [FILE_NAME, ...JOURNAL_FILES]) await rm(join(stateDir, name), { force: true });
        await rmdir(stateDir);
      } catch (cause) {
        // The directory holds files of others, or is not there, or is a mount point: none of that is a trace of ours.
        const { code = '' } = cause as NodeJS.ErrnoException;
        if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EBUSY'].includes(code)) throw notWritable(path, cause);
      }
    },
  };
}

type FoundState =
  | { readonly state: StoredState | null }
  | { readonly problem: string }
  /** There is a file, and it could be read, but not understood. */
  | { readonly problem: string; readonly damaged: true };

async function readState(path: string): Promise<FoundState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { state: null } : { problem: `${path} cannot be read: ${message}` };
  }
  try {
    const parsed = z.safeParse(STATE_SCHEMA, JSON.parse(text));
    return parsed.success ? { state: parsed.data } : damaged(path, describeIssue(parsed.error));
  } catch (error) {
    return damaged(path, error instanceof Error ? error.message : String(error));
  }
}

function damaged(path: string, why: string): FoundState {
  return { problem: `${path} is damaged: ${why}`, damaged: true };
}

function describeIssue(error: z.core.$ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'not a state file' : `${issue.path.join('.') || 'the file'}: ${issue.message}`;
}

function notWritable(path: string, cause: unknown): WeirError {
  return new WeirError('WEIR2023', {
    what: `${path} cannot be written`,
    why: cause instanceof Error ? cause.message : String(cause),
    hint: 'make room or make it writable, or name another directory: --state-dir DIR; what was remembered before is whole',
    cause,
  });
}
