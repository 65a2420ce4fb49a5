/** Asks an instance over its Dubbo port what it offers. */
import { connect } from 'node:net';

/** How long an instance may take to answer, in milliseconds: a dead one must not hold up a listing. */
const DEADLINE_MS = 3_000;

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
