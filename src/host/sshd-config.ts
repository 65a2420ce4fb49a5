import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Ports that the host's ssh configuration names: `Port` and `ListenAddress` of sshd_config and sshd_config.d, and
 * `ListenStream` of an ssh.socket unit of systemd with its drop-ins. `root` is the folder that `/etc` lies in.
 * What cannot be read names no port.
 */
export async function configuredSshPorts(root = '/'): Promise<number[]> {
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

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
