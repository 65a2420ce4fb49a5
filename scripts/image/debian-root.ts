/** A small Debian with the package of weir in it, as one archive. */
import { execFileSync } from 'node:child_process';

/** The Debian of the images. */
export const IMAGE_DEBIAN = 'bookworm';

/** What else a container needs: the certificates of a control plane. Of `nftables | iptables` the first. */
const MORE = ['ca-certificates'];

/** Neither pages nor translations: nobody reads them in a container. Licences stay. */
const LEFT_OUT = [
  ...['path-exclude=/usr/share/man/*', 'path-exclude=/usr/share/locale/*', 'path-exclude=/usr/share/doc/*'],
  'path-include=/usr/share/doc/*/copyright',
];

/** Writes the archive `file`; all times in it are at most `epoch`. Needs mmdebstrap, dpkg-deb, root, and Debian's registry. */
export function writeDebianRoot(deb: string, file: string, epoch: number): void {
  const depends = execFileSync('dpkg-deb', ['--field', deb, 'Depends'], { encoding: 'utf8' });
  const names = depends.split(',').map((one) => one.trim().split(/[ |]/)[0] ?? '');
  const hooks = [`upload ${deb} /weir.deb`, 'chroot "$1" dpkg --install /weir.deb', 'rm "$1/weir.deb"'];
  const argv = [
    ...['--quiet', '--variant=essential', `--include=${[...names, ...MORE].join(',')}`],
    ...LEFT_OUT.map((line) => `--dpkgopt=${line}`),
    ...hooks.map((hook) => `--customize-hook=${hook}`),
    ...[IMAGE_DEBIAN, file],
  ];
  execFileSync('mmdebstrap', argv, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
}
