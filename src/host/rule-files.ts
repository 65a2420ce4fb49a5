import { isUtf8 } from 'node:buffer';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { WeirError } from '../errors/weir-error.ts';
import { makeFolder } from './make-folder.ts';

/** The largest rule file that is read, in bytes. */
const MAX_RULE_BYTES = 4 * 1024 * 1024;

const RULE_EXTENSIONS = new Set(['.groovy', '.url', '.yaml', '.yml', '.txt', '.java', '.rule']);

/**
 * The files behind the paths, sorted, each once: a file as it is named, a folder with everything in it that can be a rule.
 * Throws WEIR5020 for a path that does not exist, WEIR5026 when nothing is left.
 */
async function listRuleFiles(paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      throw unreadable(path, cause.code === 'ENOENT' ? 'there is no such file or folder' : cause.message, cause);
    });
    if (info.isDirectory()) for (const file of await filesBelow(path)) found.add(file);
    else found.add(path);
  }
  if (found.size > 0) return [...found].sort();
  throw new WeirError('WEIR5026', {
    what: `no rule file in ${paths.join(', ')}`,
    why: `none of the files there ends in ${[...RULE_EXTENSIONS].join(', ')}`,
    hint: 'name the files themselves',
  });
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && RULE_EXTENSIONS.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Reads a rule or case file as UTF-8 text. Throws WEIR5020, with the place of the first byte that is none. */
async function readRuleText(path: string, limit: number = MAX_RULE_BYTES): Promise<string> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause.code === 'ENOENT' ? 'there is no such file' : cause.message, cause);
  });
  if (!info.isFile()) throw unreadable(path, info.isDirectory() ? 'it is a folder' : 'it is no regular file');
  if (info.size > limit) throw unreadable(path, `it holds ${info.size} bytes, more than the ${limit} that are read`);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause.message, cause);
  });
  if (!isUtf8(bytes)) throw unreadable(path, 'it is not UTF-8 text');
  return bytes.toString('utf8');
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

/** Writes a file by a rename in its own folder, so that nobody sees half of it. Throws WEIR5021. */
async function writeTextAtomically(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await makeFolder(dirname(path));
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new WeirError('WEIR5021', {
      what: `${path} cannot be written`,
      why: (cause as Error).message,
      hint: 'choose another place, or change the owner or mode of the folder',
      cause,
    });
  }
}

/** Removes a file that must not stay; no error when it is gone already. */
async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

function unreadable(path: string, why: string, cause?: unknown): WeirError {
  return new WeirError('WEIR5020', {
    what: `${path} cannot be read`,
    why,
    hint: 'name a readable text file of at most 4 MB, or a folder with such files',
    location: { file: path, line: 1, column: 1 },
    cause,
  });
}

/** The file access of the rules commands, on this machine's file system. */
export const localRuleFiles = {
  list: listRuleFiles,
  read: (path: string) => readRuleText(path),
  readIfPresent: readTextIfPresent,
  listFolder,
  write: writeTextAtomically,
  remove: removeFile,
};
