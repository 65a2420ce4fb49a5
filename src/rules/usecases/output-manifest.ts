/** The manifest of an output folder: which files weir wrote there, for which script. */
import { basename, join, relative, resolve, sep } from 'node:path';
import * as z from 'zod';
import { WeirError } from '../../errors/weir-error.ts';
import { type RecordKind, readText, requireRecord } from '../../platform/record.ts';
import type { RuleFilePath, RuleFiles } from './ports.ts';

/** Its name in the folder. */
export const MANIFEST_NAME = 'weir-manifest.json';

const manifestSchema = z.object({
  schemaVersion: z.literal(1),
  scripts: z.record(
    z.string(),
    z.object({
      /** Where the input's root lies, seen from the folder. */
      from: z.string(),
      files: z.array(z.string().regex(/^[^/\\]+$/)),
    }),
  ),
});

type Manifest = z.infer<typeof manifestSchema>;

/** The manifest of an output folder: the scripts of earlier runs, and those of this one. */
export class OutputManifest {
  readonly #out: string;
  readonly #before: Manifest['scripts'];
  readonly #now = new Map<string, { from: string; files: readonly string[] }>();
  readonly #kept = new Set<string>();

  private constructor(out: string, before: Manifest['scripts']) {
    this.#out = out;
    this.#before = before;
  }

  /** Reads the manifest of a folder; empty where there is none. Throws WEIR5031 for one that is broken, WEIR2025 for a later weir's. */
  static async read(files: RuleFiles, out: string): Promise<OutputManifest> {
    const path = join(out, MANIFEST_NAME);
    const text = await files.readIfPresent(path);
    if (text === null) return new OutputManifest(out, {});
    return new OutputManifest(out, parseManifest(text, path).scripts);
  }

  /** The names of the documents that earlier runs wrote, by the absolute paths of their scripts. */
  documentNames(): Map<string, string> {
    return new Map(
      Object.entries(this.#before).flatMap(([name, { from, files }]) => {
        const plan = files.find((file) => file.endsWith('.plan.json'));
        return plan === undefined ? [] : [[resolve(this.#out, from, name), basename(plan, '.plan.json')]];
      }),
    );
  }

  /** Whether an earlier run dealt with a script, by its absolute path, and wrote no documents for it. */
  isWithoutDocuments(path: string): boolean {
    const entry = Object.entries(this.#before).find(([name, { from }]) => resolve(this.#out, from, name) === path);
    return entry !== undefined && !entry[1].files.some((file) => file.endsWith('.yaml'));
  }

  /** Notes the files of a script; those of other targets that were there stay its own. */
  wrote(script: RuleFilePath, target: string, files: readonly string[]): void {
    const others = (this.#before[script.name]?.files ?? []).filter((name) => isOfOtherTarget(name, target));
    this.#now.set(script.name, { from: this.#from(script), files: [...new Set([...files, ...others])].sort() });
  }

  /** Notes a script that could not be dealt with: its former files stay as they are. */
  kept(script: RuleFilePath): void {
    this.#kept.add(script.name);
  }

  /** Files whose script is gone, or that a script no longer has; scripts that this run was not about are looked for. */
  async orphans(files: RuleFiles): Promise<string[]> {
    const live = new Set([...this.#now.values()].flatMap((entry) => entry.files));
    const orphans = new Set<string>();
    for (const [name, entry] of Object.entries(this.#before)) {
      const isHere = this.#kept.has(name) || (!this.#now.has(name) && (await this.#exists(files, name, entry.from)));
      if (isHere) this.#now.set(name, entry);
      for (const file of isHere ? [] : entry.files) orphans.add(file);
    }
    for (const entry of this.#now.values()) for (const file of entry.files) live.add(file);
    return [...orphans].filter((file) => !live.has(file)).sort();
  }

  /** The text of the manifest; call after `orphans`. The same files give the same bytes. */
  text(): string {
    const scripts = Object.fromEntries([...this.#now].sort(([a], [b]) => (a < b ? -1 : 1)));
    return `${JSON.stringify({ schemaVersion: 1, scripts }, null, 2)}\n`;
  }

  #exists(files: RuleFiles, name: string, from: string): Promise<boolean> {
    return files.exists(join(this.#out, from, name));
  }

  #from({ root }: RuleFilePath): string {
    return relative(resolve(this.#out), resolve(root)).split(sep).join('/') || '.';
  }
}

function isOfOtherTarget(name: string, target: string): boolean {
  return name.endsWith('.yaml') && !name.endsWith(`.${target}.yaml`);
}

const MANIFEST: RecordKind<Manifest> = {
  name: 'manifest of an output folder',
  version: 1,
  schema: manifestSchema,
  exit: 2,
};

function parseManifest(text: string, path: string): Manifest {
  const reading = readText(MANIFEST, text);
  if (reading.state !== 'damaged') return requireRecord(MANIFEST, path, reading);
  throw new WeirError('WEIR5031', {
    what: `${path} is no manifest of weir`,
    why: reading.why,
    hint: 'restore it, or remove it: then nothing of earlier runs is taken away',
    location: { file: path, line: 1, column: 1 },
  });
}
