/** A Debian package of a tree of files. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, globSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../build/options.ts';
import type { PackageFacts } from './facts.ts';
import { setTimes } from './tree.ts';

// What the Node in the executable links (glibc 2.28), and the tools that weir starts; one of the two back ends is enough.
const DEPENDS = [
  ...['libc6 (>= 2.28)', 'libgcc-s1', 'libstdc++6 (>= 9)'],
  ...['conntrack', 'iproute2', 'nftables | iptables', 'util-linux'],
];

/** Adds the control files to the tree and writes the package. Needs dpkg-deb. */
export function writeDeb(tree: string, file: string, facts: PackageFacts): void {
  const files = globSync('**/*', { cwd: tree })
    .filter((name) => lstatSync(join(tree, name)).isFile())
    .sort();
  const size = files.reduce((sum, name) => sum + Math.ceil(lstatSync(join(tree, name)).size / 1024), 0);
  const control = join(tree, 'DEBIAN');
  mkdirSync(control);
  const put = (name: string, lines: readonly string[]) => writeFileSync(join(control, name), `${lines.join('\n')}\n`);
  put('control', [
    'Package: weir',
    `Version: ${facts.version}`,
    `Architecture: ${facts.arch.debian}`,
    'Maintainer: the authors of weir <weir@weir.dev>',
    `Installed-Size: ${size}`,
    `Depends: ${DEPENDS.join(', ')}`,
    'Suggests: default-jre-headless',
    'Section: net',
    'Priority: optional',
    'Homepage: https://weir.dev',
    'Description: traffic of applications into a service-mesh sidecar and back',
    ' Diverts the traffic of a host into a sidecar and back, one application at a',
    ' time, without losing a request; runs Envoys and replaces them under load;',
    ' converts legacy routing rules to proven documents.',
  ]);
  put(
    'conffiles',
    files.filter((name) => name.startsWith('etc/')).map((name) => `/${name}`),
  );
  put(
    'md5sums',
    files.map(
      (name) =>
        `${createHash('md5')
          .update(readFileSync(join(tree, name)))
          .digest('hex')}  ${name}`,
    ),
  );
  for (const name of ['postinst', 'prerm', 'postrm']) {
    copyFileSync(join(ROOT, 'packaging/debian', name), join(control, name));
    chmodSync(join(control, name), 0o755);
  }
  setTimes(tree, facts.epoch);
  // zstd: a third larger than xz and built in a fiftieth of its time; dpkg of Debian 12 and later reads it.
  const compression = ['-Zzstd', '-z9', '--threads-max=1'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(facts.epoch) },
  });
}
