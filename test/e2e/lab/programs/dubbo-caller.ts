// Makes Dubbo calls over one connection, one after the other, and reports who answered.
import { connect } from 'node:net';
import { DecoderV2, EncoderV2 } from 'hessian.js';
import { announce, becomeLabUser, onCommands, programOptions } from './program.ts';

interface Calls {
  readonly host: string;
  readonly port: number;
  readonly interface: string;
  readonly group: string;
  readonly version: string;
  readonly method: string;
  readonly argument: string;
  readonly count: number;
  /** Between an answer and the next call, in milliseconds. */
  readonly pauseMs?: number;
  /** Ends before `count` when there were so many different answers. */
  readonly different?: number;
}

const HEAD = 16;
const options = programOptions<Calls>();
becomeLabUser();

function request(id: number): Buffer {
  const encoder = new EncoderV2();
  const { interface: name, group, version, method, argument } = options;
  for (const text of ['2.0.2', name, version || '0.0.0', method, 'Ljava/lang/String;', argument]) encoder.write(text);
  const attachments = { path: name, interface: name, ...(version ? { version } : {}), ...(group ? { group } : {}) };
  encoder.write({ $class: 'java.util.HashMap', $: attachments });
  const body = encoder.get();
  const head = Buffer.alloc(HEAD);
  head.writeUInt16BE(0xdabb, 0);
  head.writeUInt8(0xc2, 2);
  head.writeBigUInt64BE(BigInt(id), 4);
  head.writeUInt32BE(body.length, 12);
  return Buffer.concat([head, body]);
}

function answerOf(frame: Buffer): string {
  if (frame.readUInt8(3) !== 20) return `status ${frame.readUInt8(3)}`;
  const decoder = new DecoderV2(frame.subarray(HEAD));
  const kind = decoder.read();
  return kind === 1 || kind === 4
    ? String(decoder.read())
    : `kind ${kind}: ${JSON.stringify(decoder.read()).slice(0, 300)}`;
}

const answers: string[] = [];
const socket = connect({ host: options.host, port: options.port });
let pending: Buffer = Buffer.alloc(0);
socket.on('connect', () => socket.write(request(1)));
socket.on('data', (bytes) => {
  pending = Buffer.concat([pending, bytes]);
  while (pending.length >= HEAD && pending.length >= HEAD + pending.readUInt32BE(12)) {
    const length = HEAD + pending.readUInt32BE(12);
    answers.push(answerOf(pending.subarray(0, length)));
    pending = pending.subarray(length);
    const next = request(answers.length + 1);
    const isEnough = new Set(answers).size >= (options.different ?? Number.POSITIVE_INFINITY);
    if (answers.length < options.count && !isEnough) setTimeout(() => socket.write(next), options.pauseMs ?? 0);
    else socket.end();
  }
});
socket.on('error', (error) => answers.push(error.message));
socket.on('close', () => announce('ANSWERS', answers));
onCommands({});
