/** The files of a package, as they lie on a host. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ASSETS, ROOT } from '../build/options.ts';
import { renderCommandPages, renderManPage } from '../man/man-page.ts';
import { DUBBO_JAR } from '../setup/dubbo.ts';
import { buildExecutable } from './executable.ts';
import type { PackageFacts } from './facts.ts';
import { softwareBill } from './sbom.ts';

const UNITS = '/usr/lib/systemd/system';
const SHARE = '/usr/share/weir';
const DOC = '/usr/share/doc/weir';

/** Where each shell looks for completions of packages. */
const COMPLETIONS = {
  bash: '/usr/share/bash-completion/completions/weir',
  zsh: '/usr/share/zsh/vendor-completions/_weir',
  fish: '/usr/share/fish/vendor_completions.d/weir.fish',
} as const;

/** Writes all files below `root`, an empty folder. Throws when the jar of sdk/dubbo was not built. */
export async function writeTree(root: string, facts: PackageFacts): Promise<void> {
  const put = (path: string, content: string | Uint8Array, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
    chmodSync(join(root, path), mode);
  };
  const copy = (from: string, path: string) => put(path, readFileSync(join(ROOT, from)));
  const zipped = (path: string, text: string | Uint8Array) => put(`${path}.gz`, gzipSync(text, { level: 9 }));

  const weir = join(root, 'usr/bin/weir');
  mkdirSync(dirname(weir), { recursive: true });
  await buildExecutable(weir, facts.version);
  chmodSync(weir, 0o755);

  for (const file of globSync('packaging/*.service', { cwd: ROOT })) copy(file, `${UNITS}/${basename(file)}`);
  copy('packaging/mesh.yaml', '/etc/weir/mesh.yaml');
  for (const asset of ASSETS) copy(`src/${asset}`, `${SHARE}/dist/${asset}`);
  for (const file of globSync('docs/examples/**/*', { cwd: ROOT })) {
    if (statSync(join(ROOT, file)).isFile()) copy(file, `${SHARE}/${file}`);
  }
  copy('docs/mesh.schema.json', `${SHARE}/mesh.schema.json`);
  if (!existsSync(DUBBO_JAR)) throw new Error(`${DUBBO_JAR} is missing: run \`node scripts/setup.ts --only dubbo\``);
  put('/usr/share/java/weir-dubbo.jar', readFileSync(DUBBO_JAR));

  const manifest = { ...JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')), version: facts.version };
  zipped('/usr/share/man/man1/weir.1', renderManPage(manifest, facts.description));
  for (const [name, text] of renderCommandPages(manifest)) zipped(`/usr/share/man/man1/${name}`, text);
  for (const [shell, path] of Object.entries(COMPLETIONS)) {
    put(path, execFileSync(weir, ['completion', shell], { env: { HOME: '/nonexistent' } }));
  }

  copy('packaging/debian/copyright', `${DOC}/copyright`);
  copy('README.md', `${DOC}/README.md`);
  for (const file of globSync('docs/guide/*.md', { cwd: ROOT })) copy(file, `${DOC}/guide/${basename(file)}`);
  for (const file of globSync('docs/captures/*.svg', { cwd: ROOT })) copy(file, `${DOC}/captures/${basename(file)}`);
  zipped(`${DOC}/changelog`, readFileSync(join(ROOT, 'CHANGELOG.md')));
  zipped(`${DOC}/sbom.cdx.json`, softwareBill(facts));
}

/** Gives all files and folders below `root` one time. */
export function setTimes(root: string, epoch: number): void {
  for (const name of globSync('**/*', { cwd: root })) utimesSync(join(root, name), epoch, epoch);
  utimesSync(root, epoch, epoch);
}
