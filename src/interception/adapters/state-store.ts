/** The StateStore port: state.json on disk. */
import { rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { PARSED_MESH_FILES } from '../../mesh/parsed-mesh.ts';
import { BUILD_ID } from '../../platform/build-id.ts';
import { type ReplaceStep, removeLeftovers, replaceFileDurably } from '../../platform/durable-file.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import type { OwnKind } from '../../platform/record.ts';
import { recordReader } from '../../platform/record-file.ts';
import type { StateStore } from '../ports.ts';
import type { SeenState, StoredState } from '../stored-state.ts';
import { EVENT_LOG_FILES } from './event-log.ts';
import { ownState, stateText } from './state-text.ts';

const FILE_NAME = 'state.json';

/** state.json as a document. */
export const STATE_FILE: OwnKind<StoredState> = {
  name: 'state file',
  version: 1,
  versionField: 'version',
  own: (text) => ownState(text, BUILD_ID),
  schema: async () => (await import('./state-schema.ts')).STATE_SCHEMA,
};

/** Told after each step of a write; tests end the process there. */
export type StateWriteStep = 'set-aside' | ReplaceStep;

/**
 * The remembered state in `<stateDir>/state.json`, mode 0600, in a directory that everybody may list. A file that cannot
 * be understood is moved to `state.json.damaged-<time>` by the next write, and stays there: `remove` leaves it as well.
 * One that a later weir wrote stays where it is: writing and removing throw WEIR2025. `seen` spares the parsing of its text.
 */
export function createStateStore(
  stateDir: string,
  onStep?: (step: StateWriteStep) => void,
  seen: SeenState | null = null,
): StateStore {
  const path = join(stateDir, FILE_NAME);
  const own = (text: string): StoredState | null => ownState(text, BUILD_ID, seen);
  const readFile = recordReader({ ...STATE_FILE, own }, path, nullIfNoFile);
  const readState = (): Promise<FoundState> => findState(path, readFile);
  return {
    async read() {
      const found = await readState();
      return 'state' in found ? { state: found.state, problem: null } : { state: null, problem: found.problem };
    },
    async write(state) {
      try {
        await makeFolder(stateDir);
        const found = await readState();
        if ('newer' in found) throw found.newer;
        if ('damaged' in found) {
          await rename(path, `${path}.damaged-${new Date().toISOString().replaceAll(/[-:]/g, '')}`);
          onStep?.('set-aside');
        }
        await replaceFileDurably(path, stateText(state, BUILD_ID), {
          mode: 0o600,
          ...(onStep === undefined ? {} : { onStep }),
        });
      } catch (cause) {
        throw isNewer(cause) ? cause : notWritable(path, cause);
      }
    },
    async remove() {
      const found = await readState();
      if ('newer' in found) throw found.newer;
      try {
        await removeLeftovers(path);
        for (const name of [FILE_NAME, ...EVENT_LOG_FILES, ...PARSED_MESH_FILES])
          await rm(join(stateDir, name), { force: true });
        await rmdir(stateDir);
      } catch (cause) {
        // A directory that is missing, is a mount point, or holds files of others is no trace of ours.
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
  | { readonly problem: string; readonly damaged: true }
  /** A later weir wrote it: it is neither replaced nor removed. */
  | { readonly problem: string; readonly newer: WeirError };

async function findState(path: string, read: () => Promise<StoredState | null>): Promise<FoundState> {
  try {
    return { state: await read() };
  } catch (error) {
    if (!(error instanceof WeirError)) return { problem: `${path} cannot be read: ${messageOf(error)}` };
    if (error.code === 'WEIR2025') return { problem: `${error.what}: ${error.why}`, newer: error };
    return { problem: `${path} is damaged: ${error.why}`, damaged: true };
  }
}

function notWritable(path: string, cause: unknown): WeirError {
  return new WeirError('WEIR2023', {
    what: `${path} cannot be written`,
    why: messageOf(cause),
    hint: 'make room or make it writable, or name another directory: --state-dir DIR; what was remembered before is whole',
    cause,
  });
}

/** A directory that is a file is a problem to be told, not a host without memory. */
function nullIfNoFile(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

function isNewer(error: unknown): boolean {
  return error instanceof WeirError && error.code === 'WEIR2025';
}
