/** The file access of the rules commands: rule files as text, folders with rules, and what is written. */
import { constants, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { access, appendFile, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { isWrittenInPlace } from '../../platform/written-in-place.ts';
import type { RuleFileListing, RuleFilePath, RuleFiles } from '../usecases/ports.ts';
import { decodeText } from './decode-text.ts';
import { readBounded } from './read-bytes.ts';

/** The largest rule file that is read, in bytes. */
const MAX_RULE_BYTES = 4 * 1024 * 1024;

/** Endings of rule files; the last three are those of the keys of a configuration centre. */
const RULE_EXTENSIONS = new Set([
  '.groovy',
  '.url',
  '.yaml',
  '.yml',
  '.txt',
  '.java',
  '.rule',
  '.script-router',
  '.condition-router',
  '.tag-router',
]);
/** Files that a search of folders passes over in silence: hidden ones, notes, and what weir writes beside documents. */
const UNTOLD = /^\.|\.md$|\.(?:plan|labels)\.json$|^weir-manifest\.json$/;
const TOLD = 5;

/**
 * The files behind the paths, sorted, each once. A path to a file gives that file; a folder gives all files that can be
 * rules. Links are followed. The result also lists missing, broken and skipped files.
 * @throws WeirError WEIR5026 when nothing is left and nothing went wrong.
 */
async function listRuleFiles(paths: readonly string[], except?: string): Promise<RuleFileListing> {
  const found = new Map<string, RuleFilePath>();
  const errors: WeirError[] = [];
  const skipped: string[] = [];
  for (const path of paths) {
    try {
      const info = await stat(path);
      if (!info.isDirectory()) found.set(path, { path, name: basename(path), root: dirname(path) });
      else {
        const walk = { root: path, except: except === undefined ? null : resolve(except), seen: new Set<string>() };
        await walkFolder(path, walk, { found, errors, skipped });
      }
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      errors.push(unreadable(path, cause.code === 'ENOENT' ? 'there is no such file or folder' : cause.message, cause));
    }
  }
  const files = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0 && errors.length === 0) {
    throw new WeirError('WEIR5026', {
      what: `no rule file in ${paths.join(', ')}`,
      why: `none of the files there ends in ${[...RULE_EXTENSIONS].join(', ')}`,
      hint: 'name the files themselves',
    });
  }
  const more = skipped.length > TOLD ? ` and ${skipped.length - TOLD} more` : '';
  const told = skipped.sort().slice(0, TOLD).join(', ');
  const warnings = skipped.length === 0 ? [] : [`skipped, name them to have them read: ${told}${more}`];
  return { files, errors, warnings };
}

interface Walk {
  readonly root: string;
  /** The output folder, which is never read. */
  readonly except: string | null;
  /** Real paths of the folders above, so that a link upwards ends. */
  readonly seen: ReadonlySet<string>;
}

interface Found {
  readonly found: Map<string, RuleFilePath>;
  readonly errors: WeirError[];
  readonly skipped: string[];
}

async function walkFolder(folder: string, walk: Walk, out: Found): Promise<void> {
  const real = await realpath(folder);
  if (real === walk.except || resolve(folder) === walk.except || walk.seen.has(real)) return;
  const inner = { ...walk, seen: new Set([...walk.seen, real]) };
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    try {
      const info = entry.isSymbolicLink() ? await stat(path) : entry;
      if (info.isDirectory()) await walkFolder(path, inner, out);
      else {
        const extension = extname(entry.name).toLowerCase();
        const name = relative(walk.root, path).split(sep).join('/');
        if (info.isFile() && RULE_EXTENSIONS.has(extension)) out.found.set(path, { path, name, root: walk.root });
        else if (!UNTOLD.test(entry.name)) out.skipped.push(path);
      }
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      const why = cause.code === 'ENOENT' ? 'the link points to nothing' : cause.message;
      out.errors.push(unreadable(path, why, cause));
    }
  }
}

async function readBytes(path: string): Promise<Buffer> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause.code === 'ENOENT' ? 'there is no such file' : cause.message, cause);
  });
  if (info.isDirectory()) throw unreadable(path, 'it is a folder', undefined, 'name one file of it');
  if (info.size > MAX_RULE_BYTES) throw tooLarge(path, `${info.size} bytes`);
  const bytes = await readBounded(path, info, MAX_RULE_BYTES).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause.message, cause);
  });
  // A pipe or a device has no size before it is read, and perhaps no end.
  if (bytes.length > MAX_RULE_BYTES) throw tooLarge(path, 'more');
  return bytes;
}

/** The text of a file, or null when there is none. */
async function readTextIfPresent(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null;
    throw unreadable(path, cause.message, cause);
  });
}

/** Names in a folder, sorted; empty when it does not exist. */
async function listFolder(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw unreadable(folder, cause.code === 'ENOTDIR' ? 'it is no folder' : cause.message, cause);
  });
  return names.sort();
}

/**
 * Writes a file by a rename in its own folder, so that nobody sees half of it; a device or a pipe as it is. A file that holds
 * the text stays as it is: where one is replaced the file system waits for its disk. Throws WEIR5021.
 */
async function writeTextAtomically(path: string, text: string): Promise<void> {
  if (holds(path, text)) return;
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    if (await isWrittenInPlace(path)) {
      await appendFile(path, text);
      return;
    }
    await writeNew(draft, text);
    renameSync(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw unwritable(path, cause as Error);
  }
}

function holds(path: string, text: string): boolean {
  try {
    const info = lstatSync(path, { throwIfNoEntry: false });
    if (info?.isFile() !== true || info.size !== Buffer.byteLength(text)) return false;
    return readFileSync(path).equals(Buffer.from(text));
  } catch {
    // Whatever is there, the write says what is wrong with it.
    return false;
  }
}

// Without a thread for each step: many small files take a third of the time so. The folder is nearly always there.
async function writeNew(path: string, text: string): Promise<void> {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    await makeFolder(dirname(path));
    writeFileSync(path, text);
  }
}

/** Makes the folder of a file that is going to be written, and sees that it can be. Throws WEIR5021. */
async function requireWritable(path: string): Promise<void> {
  try {
    if (await isWrittenInPlace(path)) {
      await access(path, constants.W_OK);
      return;
    }
    await makeFolder(dirname(path));
    await access(dirname(path), constants.W_OK);
    const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return null;
      throw cause;
    });
    if (info?.isDirectory() === true) throw new Error('it is a folder');
  } catch (cause) {
    throw unwritable(path, cause as Error);
  }
}

/** Removes a file that must not stay; no error when it is gone already. */
async function removeFile(path: string): Promise<void> {
  rmSync(path, { force: true });
}

async function fileExists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return false;
      throw unreadable(path, cause.message, cause);
    },
  );
}

function unwritable(path: string, cause: Error): WeirError {
  return new WeirError('WEIR5021', {
    what: `${path} cannot be written`,
    why: cause.message,
    hint: 'choose another place, or change the owner or mode of the folder',
    cause,
  });
}

function tooLarge(path: string, size: string): WeirError {
  return unreadable(
    path,
    `it holds ${size === 'more' ? 'more than' : `${size}, more than`} the ${MAX_RULE_BYTES} bytes that are read`,
  );
}

function unreadable(path: string, why: string, cause?: unknown, hint = hintFor(path)): WeirError {
  return new WeirError('WEIR5020', {
    what: `${path} cannot be read`,
    why,
    hint,
    location: { file: path, line: 1, column: 1 },
    cause,
  });
}

function hintFor(path: string): string {
  return path === '-'
    ? 'to have standard input read, name /dev/stdin'
    : 'name a readable text file of at most 4 MB, or a folder with such files';
}

/** The file access of the rules commands, on this machine's file system. */
export const localRuleFiles: RuleFiles = {
  list: listRuleFiles,
  read: async (path, encoding) => decodeText(await readBytes(path), path, encoding),
  readIfPresent: readTextIfPresent,
  exists: fileExists,
  listFolder,
  write: writeTextAtomically,
  requireWritable,
  remove: removeFile,
  together: (work) => work(),
};
