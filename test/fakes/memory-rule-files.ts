/** Files in memory for the use cases of rules, with the errors of the real ones. */
import { basename, dirname } from 'node:path';
import { WeirError } from '../../src/errors/weir-error.ts';
import type { RuleFileListing, RuleFiles } from '../../src/rules/usecases/ports.ts';

/** A file system in memory; `texts` holds every file by its path. */
export class MemoryRuleFiles implements RuleFiles {
  readonly texts: Map<string, string>;
  constructor(texts: Record<string, string>) {
    this.texts = new Map(Object.entries(texts));
  }
  async list(paths: readonly string[], except?: string): Promise<RuleFileListing> {
    const files = [...this.texts.keys()]
      .filter((path) => except === undefined || !path.startsWith(`${except}/`))
      .flatMap((path) => {
        const root = paths.find((wanted) => path === wanted || path.startsWith(`${wanted}/`));
        if (root === undefined) return [];
        return [
          path === root
            ? { path, name: basename(path), root: dirname(path) }
            : { path, name: path.slice(root.length + 1), root },
        ];
      });
    return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), errors: [], warnings: [] };
  }
  async read(path: string): Promise<string> {
    const text = this.texts.get(path);
    if (text !== undefined) return text;
    throw new WeirError('WEIR5020', {
      what: `${path} cannot be read`,
      why: 'there is no such file',
      hint: 'name another',
    });
  }
  async readIfPresent(path: string): Promise<string | null> {
    return this.texts.get(path) ?? null;
  }
  async listFolder(folder: string): Promise<string[]> {
    return [...this.texts.keys()]
      .filter((name) => name.startsWith(`${folder}/`))
      .map((name) => name.slice(folder.length + 1));
  }
  async write(path: string, text: string): Promise<void> {
    this.texts.set(path, text);
  }
  async exists(path: string): Promise<boolean> {
    return this.texts.has(path);
  }
  async requireWritable(): Promise<void> {
    // Everything can be written in memory.
  }
  async remove(path: string): Promise<void> {
    this.texts.delete(path);
  }
  together<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}
