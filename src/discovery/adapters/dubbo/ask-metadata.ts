/** Asks an instance over its Dubbo port what it offers. */
import { connect } from 'node:net';
import type { InstanceNode } from '../../world/registry-node.ts';

/** How long an instance may take to answer, in milliseconds: a dead one must not hold up a listing. */
const DEADLINE_MS = 3_000;
/** How many instances of a revision are asked before it stays unknown. */
const ASKED_INSTANCES = 3;

/** The services of a revision as JSON text, from one instance. Rejects with the reason when it gives none. */
export async function askMetadata(
  place: { readonly address: string; readonly port: number },
  app: string,
  revision: string,
): Promise<string> {
  // Loaded when it is needed: Hessian costs an agent 8 MB, and most registries hold the metadata themselves.
  const { answerLength, metadataRequest, readMetadataAnswer } = await import('../../registry/dubbo/metadata-call.ts');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: place.address, port: place.port });
  const timer = setTimeout(() => reject(new Error(`it did not answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('connect', () => socket.write(metadataRequest(app, revision)));
  socket.on('error', (error) => reject(error));
  socket.on('close', () => reject(new Error('it closed the connection without an answer')));
  socket.on('data', (chunk) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    try {
      const length = answerLength(bytes);
      if (length !== null && bytes.length >= length) resolve(readMetadataAnswer(bytes.subarray(0, length)));
    } catch (error) {
      reject(error);
    }
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** Asks a few of a revision's instances, one after the other: all of them say the same. Null when none answers. */
export async function askOneOf(
  members: readonly InstanceNode[],
  app: string,
  revision: string,
): Promise<string | null> {
  for (const { address, ports } of members.slice(0, ASKED_INSTANCES)) {
    const port = ports.find(({ protocol }) => protocol === 'dubbo')?.port;
    if (port === undefined) continue;
    try {
      return await askMetadata({ address, port }, app, revision);
    } catch {
      // The next one may answer; a revision that nobody tells of stays unknown.
    }
  }
  return null;
}
