/** Ports and peers of ssh on this host, which weir leaves alone. */
import type { SocketListing, SshFacts, TcpSocket } from '../../ports.ts';
import { createConnections } from '../connections/connections.ts';
import { ownSshSessions, type SshSession } from './ssh-session.ts';
import { configuredSshPorts } from './sshd-config.ts';

/** The ssh port of RFC 4251: left alone whether or not anybody listens there. */
const SSH_PORT = 22;

/** Names of servers, of their session processes (OpenSSH 9.8 and newer) and of dropbear, as the kernel cuts them to 15 bytes. */
const SSH_SERVERS = new Set(['sshd', 'sshd-session', 'sshd-auth', 'dropbear']);

/** The sources of ssh facts: by default this process's network namespace, the host's files and its own ancestors. */
export interface SshSources {
  readonly sockets?: (kind: 'listening' | 'connected', options?: SocketListing) => Promise<readonly TcpSocket[]>;
  readonly configuredPorts?: () => Promise<readonly number[]>;
  /** Told of what could not be read. */
  readonly warn?: (text: string) => void;
  readonly sessions?: () => Promise<readonly SshSession[]>;
}

/**
 * The ports at which ssh is reached on this host, and the peers of its sessions. Ports come from listening ssh servers,
 * from their configuration (a server started by systemd's socket has no listener of its own) and from this session.
 * Peers are those of all live sessions. Too many are safe, too few lock an operator out. Sorted, each once. Throws what
 * `sockets` throws.
 */
export async function readSshFacts({
  sockets = createConnections({ warn: () => {} }).sockets,
  warn = () => {},
  configuredPorts = () => configuredSshPorts('/', warn),
  sessions = ownSshSessions,
}: SshSources = {}): Promise<SshFacts> {
  const [listening, connected, configured, own] = await Promise.all([
    sockets('listening', { processes: true }),
    sockets('connected'),
    configuredPorts(),
    sessions(),
  ]);
  const listeningPorts = listening.filter(isSshServer).map(({ local }) => local.port);
  const serverPorts = new Set([SSH_PORT, ...configured, ...listeningPorts]);
  // The port of this session is not enough: where ssh shares 443 with a web server, that server's clients are no peers.
  const livePeers = connected
    .filter((socket) => socket.state === 'ESTAB' && serverPorts.has(socket.local.port))
    .map(({ peer }) => peer.address);
  return {
    ports: [...new Set([...serverPorts, ...own.map(({ port }) => port)])].sort((a, b) => a - b),
    peers: [...new Set([...livePeers, ...own.map(({ peer }) => peer)])].sort(),
  };
}

function isSshServer({ processes }: TcpSocket): boolean {
  return processes.some(({ name }) => SSH_SERVERS.has(name));
}
