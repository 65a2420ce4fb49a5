/** The sink: a stand-in for a hot-restart peer of Envoy that has ended. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { readKept, readKeptExit, startKept } from './keeper.ts';
import { isAlive, signalProcess } from './process-identity.ts';

/**
 * Stands in for a hot-restart peer that is gone. Node has no AF_UNIX datagram socket, perl-base has one. Abstract names
 * are padded with NUL to the full 108 bytes, as Envoy binds them. A frame is an 8-byte length and a protobuf message.
 * request{stats} = 0a 02 1a 00 is answered by an empty reply{stats} = 12 02 1a 00. request{terminate} = 0a 02 2a 00
 * ends the sink. Anything else is swallowed. Until the name is free the sink tries to bind every 4 ms.
 * The child may still wait for one reply of its dead parent, so a parent's sink sends one empty reply unasked. A child
 * that waits for none takes it as the reply to its next request, which would be empty too.
 */
const SINK = `
use strict; use Socket;
my ($name, $seconds, $waiting) = @ARGV;
sub address { my $path = "\\0$_[0]"; return pack 'S a108', AF_UNIX, $path . "\\0" x (108 - length $path) }
my $empty = pack 'H*', '000000000000000412021a00';
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
alarm $seconds;
select undef, undef, undef, 0.004 until bind $socket, address($name);
$| = 1; print "bound\n";
send $socket, $empty, 0, address($waiting) if $waiting;
while (defined(my $from = recv $socket, my $frame, 4096, 0)) {
  my $message = unpack 'H*', substr $frame, 8;
  send $socket, $empty, 0, $from if $message eq '0a021a00';
  last if $message eq '0a022a00';
}
`;

/** Which hot-restart name: of the process that is the parent or the child in an exchange (hot_restarting_base.cc). */
export interface SinkName {
  readonly role: 'parent' | 'child';
  /** As given to Envoy by --base-id. */
  readonly baseId: number;
  readonly epoch: number;
}

function fileName({ role, baseId, epoch }: SinkName): string {
  return `sink-${role}-${baseId}-${epoch % 3}`;
}

/**
 * Binds the name as soon as it is free and holds it for at most so many seconds. With `isFree` it resolves when the
 * name is bound (after 3 s at the latest), else when the sink waits for the name. The sink outlives this process.
 */
export async function bindSink(dir: string, name: SinkName, seconds: number, isFree: boolean): Promise<void> {
  await releaseSink(dir, name);
  const socket = `envoy_domain_socket_${name.role}_${name.baseId * 10 + (name.epoch % 3)}`;
  const child = name.baseId * 10 + ((name.epoch + 1) % 3);
  const waiting = name.role === 'parent' ? `envoy_domain_socket_child_${child}` : '';
  await startKept(dir, fileName(name), ['perl', '-e', SINK, socket, String(seconds), waiting]);
  const out = join(dir, `${fileName(name)}.out`);
  for (let tries = 0; isFree && tries < 600; tries++) {
    if ((await readFile(out, 'utf8').catch(nullIfMissing))?.includes('bound') === true) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Ends the sink on that name, if there is one, and waits until the name is free. */
export async function releaseSink(dir: string, name: SinkName): Promise<void> {
  const file = fileName(name);
  const kept = await readKept(dir, file);
  if (kept === null) return;
  await signalProcess(kept.identity, 'SIGKILL');
  for (let tries = 0; tries < 500 && (await isAlive(kept.identity)); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  // Its keeper writes the exit status at the end; files removed before that would come back.
  for (let tries = 0; tries < 100 && (await readKeptExit(dir, file)) === null; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(['pid', 'exit', 'out'].map((kind) => rm(join(dir, `${file}.${kind}`), { force: true })));
}
