/** What a package is called and of when it is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFacts } from '../build/build-facts.ts';
import { ROOT } from '../build/options.ts';

/** Of one package; `epoch` is the time of all its files, in seconds. */
export interface PackageFacts {
  readonly version: string;
  readonly description: string;
  readonly epoch: number;
  /** As Node names it, and as Debian does. */
  readonly arch: { readonly node: string; readonly debian: string };
}

const DEBIAN_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The facts of a package of this checkout for this machine. `version` stands in for that of package.json. */
export function packageFacts(version?: string): PackageFacts {
  const debian = DEBIAN_ARCH[process.arch];
  if (debian === undefined) throw new Error(`there is no package for ${process.arch}`);
  const pjson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { date } = buildFacts();
  if (date === null) throw new Error('neither SOURCE_DATE_EPOCH nor a commit says when this is');
  return {
    version: version ?? pjson.version,
    description: pjson.description,
    epoch: Date.parse(date) / 1000,
    arch: { node: process.arch, debian },
  };
}
