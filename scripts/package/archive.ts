/** An archive of a tree of files, for hosts that are no Debian. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../build/options.ts';
import type { PackageFacts } from './facts.ts';
import { setTimes } from './tree.ts';

/** Writes the archive: one folder with bin, share, lib and etc, to be used where it is or copied below /usr. */
export function writeArchive(tree: string, work: string, file: string, facts: PackageFacts): void {
  const name = `weir-${facts.version}-linux-${facts.arch.node}`;
  const root = join(work, name);
  mkdirSync(root);
  for (const folder of ['bin', 'share', 'lib'])
    cpSync(join(tree, 'usr', folder), join(root, folder), { recursive: true });
  cpSync(join(tree, 'etc'), join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'LICENSE'), readFileSync(join(ROOT, 'LICENSE')));
  setTimes(root, facts.epoch);
  const order = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${facts.epoch}`, '--format=gnu'];
  const plain = `${file}.tar`;
  execFileSync('tar', [...order, '-C', work, '-cf', plain, name], { stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(file, gzipSync(readFileSync(plain), { level: 6 }));
  renameSync(plain, join(work, 'archive.tar'));
}
