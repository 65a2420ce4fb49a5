/** Another version of weir at another path, made of this one. */
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../run-weir.ts';

/** The change to its supervisor programs: code before theirs, or in their place. */
export interface OtherProgram {
  readonly program: string;
  readonly thenGoOn?: true;
}

/** Copies the built weir with another version; resolves to its entry. */
export async function otherWeir(folder: string, version: string, change: OtherProgram | null = null): Promise<string> {
  const root = await mkdtemp(join(folder, 'weir-'));
  await mkdir(join(root, 'bin'));
  await cp(join(PROJECT_ROOT, 'bin', 'run.js'), join(root, 'bin', 'run.js'));
  await cp(join(PROJECT_ROOT, 'dist'), join(root, 'dist'), { recursive: true });
  await symlink(join(PROJECT_ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const file of ['package.json', 'oclif.manifest.json']) {
    const content = JSON.parse(await readFile(join(PROJECT_ROOT, file), 'utf8'));
    await writeFile(join(root, file), JSON.stringify({ ...content, version }));
  }
  for (const name of change === null ? [] : ['supervisor', 'group-supervisor']) {
    const file = join(root, 'dist', 'programs', `${name}.js`);
    const goOn = change?.thenGoOn === true ? `\nawait import('./${name}-itself.js');` : '';
    await cp(file, join(root, 'dist', 'programs', `${name}-itself.js`));
    await writeFile(file, `${change?.program}${goOn}\n`);
  }
  return join(root, 'bin', 'run.js');
}
