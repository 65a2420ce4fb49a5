/** The folders of a sidecar, with errors that say what an operator can do. */
import { writeFile } from 'node:fs/promises';
import { WeirError } from '../../errors/weir-error.ts';
import { folderProblem, makeFolder } from '../../platform/make-folder.ts';
import { journalProblem } from './sidecar-journal.ts';

/** Makes the run folders and the file that Envoy logs to. Throws WEIR2022 when they cannot be written. */
export async function makeRunFolders(folders: readonly string[], logFile: string): Promise<void> {
  try {
    for (const folder of folders) await makeFolder(folder);
    // The file is created, and never opened when it exists. With fs.protected_regular not even root may open for
    // creation a file of another account in a sticky folder, and the run folder becomes sticky later.
    await writeFile(logFile, '', { flag: 'wx', mode: 0o640 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw runFolderError(folders[0], error);
  }
}

/** Makes the state folder. Throws WEIR2023 when nothing can be written into it. */
export async function makeStateFolder(folder: string, journalFile: string): Promise<void> {
  try {
    await makeFolder(folder);
    const problem = await journalProblem(journalFile);
    if (problem !== null) throw new Error(problem);
  } catch (error) {
    throw stateFolderError(folder, error);
  }
}

/** Throws the same errors where a look tells that neither could be made or written; makes nothing. */
export async function requireFolders(run: string, state: string): Promise<void> {
  const [runProblem, stateProblem] = await Promise.all([folderProblem(run), folderProblem(state)]);
  if (runProblem !== null) throw runFolderError(run, new Error(runProblem));
  if (stateProblem !== null) throw stateFolderError(state, new Error(stateProblem));
}

function runFolderError(folder: string | undefined, error: unknown): WeirError {
  return new WeirError('WEIR2022', {
    what: `${folder} cannot be written`,
    why: error instanceof Error ? error.message : String(error),
    hint: 'give weir that folder, or another one with --run-dir or WEIR_RUN_DIR',
    cause: error,
  });
}

function stateFolderError(folder: string, error: unknown): WeirError {
  return new WeirError('WEIR2023', {
    what: `${folder} cannot be written`,
    why: error instanceof Error ? error.message : String(error),
    hint: 'give weir that folder, or another one with --state-dir or WEIR_STATE_DIR',
    cause: error,
  });
}
