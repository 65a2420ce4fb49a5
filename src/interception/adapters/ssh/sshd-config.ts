/** The ports that the files of sshd and of systemd's ssh.socket name. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../errors/message-of.ts';
import { nullIfMissing } from '../../../platform/null-if-missing.ts';

/**
 * Ports that the host's ssh configuration names: `Port` and `ListenAddress` of sshd_config and sshd_config.d, and
 * `ListenStream` of an ssh.socket unit of systemd with its drop-ins. `root` is the folder that holds `etc`. `warn` gets
 * each existing file that cannot be read: a port that only it names would not be left alone.
 */
export async function configuredSshPorts(root = '/', warn: (text: string) => void = () => {}): Promise<number[]> {
  const read = readerOf(warn);
  const filesIn = listerOf(warn);
  const configs = [join(root, 'etc/ssh/sshd_config'), ...(await filesIn(join(root, 'etc/ssh/sshd_config.d'), '.conf'))];
  const units: string[] = [];
  for (const folder of [
    'etc/systemd/system',
    'run/systemd/system',
    'run/systemd/generator',
    'usr/lib/systemd/system',
    'lib/systemd/system',
  ]) {
    for (const unit of ['ssh.socket', 'sshd.socket', 'dropbear.socket']) {
      const path = join(root, folder, unit);
      units.push(path, ...(await filesIn(`${path}.d`, '.conf')));
    }
  }
  const ports = [
    ...(await Promise.all(configs.map(read))).flatMap(portsOfSshdConfig),
    ...(await Promise.all(units.map(read))).flatMap(portsOfSocketUnit),
  ];
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Ports of sshd_config(5): keywords in any case, followed by space or `=`; `ListenAddress` may hold a port. */
export function portsOfSshdConfig(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const [, keyword = '', value = ''] = /^\s*(\w+)\s*[\s=]\s*"?([^\s"#]+)/.exec(line) ?? [];
    if (keyword.toLowerCase() === 'port') return validPort(value);
    // An IPv6 address with a port is in brackets; one without brackets is an address alone.
    if (keyword.toLowerCase() === 'listenaddress') return validPort(/^(?:\[.*\]|[^:]*):(\d+)$/.exec(value)?.[1]);
    return [];
  });
}

/** Ports of systemd.socket(5): `ListenStream=22`, `ListenStream=0.0.0.0:22`, `ListenStream=[::]:22`. */
export function portsOfSocketUnit(text: string): number[] {
  return text.split('\n').flatMap((line) => validPort(/^\s*ListenStream\s*=\s*(?:.*:)?(\d+)\s*$/.exec(line)?.[1]));
}

function validPort(text: string | undefined): number[] {
  const port = Number(text);
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? [port] : [];
}

function listerOf(warn: (text: string) => void) {
  return async (folder: string, ending: string): Promise<string[]> => {
    const names = (await readdir(folder).catch((error: unknown) => tellUnreadable(folder, error, warn))) ?? [];
    return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
  };
}

function readerOf(warn: (text: string) => void) {
  return async (path: string): Promise<string> =>
    (await readFile(path, 'utf8').catch((error: unknown) => tellUnreadable(path, error, warn))) ?? '';
}

function tellUnreadable(path: string, error: unknown, warn: (text: string) => void): null {
  try {
    return nullIfMissing(error);
  } catch {
    warn(`${path} cannot be read (${messageOf(error)}): an ssh port that only it names is not left alone`);
    return null;
  }
}
