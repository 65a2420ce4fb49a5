/**
 * Builds images of containers into out/image, a folder of the layout of OCI, without a daemon: `VERSION` has weir and is the
 * operator's and the empty image of a sidecar; `VERSION-envoy-E` has that Envoy too and is the sidecar's. `--deb FILE`
 * takes that package instead of the one in out/, `--envoy VERSION` one of those of the set-up, `--out DIR` another folder.
 * Needs mmdebstrap, umoci, tar and root.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDebianRoot } from './image/debian-root.ts';
import { ImageLayout } from './image/layout.ts';
import { packageFacts } from './package/facts.ts';
import { ENVOY_VERSIONS, type EnvoyVersion, envoyBinary } from './setup/envoy.ts';

const { values } = parseArgs({
  options: {
    deb: { type: 'string' },
    envoy: { type: 'string', default: ENVOY_VERSIONS.at(-1) },
    out: { type: 'string' },
  },
});
const envoy = ENVOY_VERSIONS.find((version) => version === values.envoy);
if (envoy === undefined) {
  process.stderr.write(`--envoy takes ${ENVOY_VERSIONS.join(' or ')}\n`);
  process.exit(2);
}
const project = join(import.meta.dirname, '..');
const { arch, epoch, version: own } = packageFacts();
const deb = resolve(values.deb ?? join(project, 'out', `weir_${own}_${arch.debian}.deb`));
const out = resolve(values.out ?? join(project, 'out', 'image'));
if (!existsSync(deb)) {
  process.stderr.write(`${deb} is missing: npm run package\n`);
  process.exit(1);
}
const version = execFileSync('dpkg-deb', ['--field', deb, 'Version'], { encoding: 'utf8' }).trim();
const work = mkdtempSync(join(tmpdir(), 'weir-image-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const root = join(work, 'root.tar');
writeDebianRoot(deb, root, epoch);
rmSync(out, { recursive: true, force: true });
const layout = new ImageLayout(out, epoch);
layout.begin(version, root, `Debian and weir ${version}`);
const tag = `${version}-envoy-${envoy}`;
layout.extend(version, tag, envoyLayer(envoy), `Envoy ${envoy}`);
layout.finish();
const digest = createHash('sha256')
  .update(readFileSync(join(out, 'index.json')))
  .digest('hex');
process.stdout.write(`${out}\n  ${version}\n  ${tag}\nsha256 of index.json ${digest}\n`);

/** The binary as /usr/local/bin/envoy, in an archive. */
function envoyLayer(release: EnvoyVersion): string {
  const tree = join(work, 'tree');
  const place = join(tree, 'usr/local/bin');
  mkdirSync(place, { recursive: true });
  for (const folder of [place, join(place, '..'), join(place, '../..')]) chmodSync(folder, 0o755);
  copyFileSync(envoyBinary(release), join(place, 'envoy'));
  chmodSync(join(place, 'envoy'), 0o755);
  const archive = join(work, 'envoy.tar');
  const order = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`, '--format=gnu'];
  execFileSync('tar', [...order, '-C', tree, '-cf', archive, 'usr'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return archive;
}
