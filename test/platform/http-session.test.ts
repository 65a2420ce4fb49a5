/** Connections that are kept: each answer ends where it ends, however the network cuts it. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpSession } from '../../src/platform/http-session.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nDate: Mon, 30 Nov 2026 00:00:00 GMT\r\n';
const inChunks = (...parts: string[]) =>
  `${HEAD}Transfer-Encoding: chunked\r\n\r\n${parts.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`).join('')}`;
const byLength = (body: string) => `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`;

let made = 0;

/** A server that gives the n-th request its answer, in the pieces of it; connections are counted. */
async function serve(
  answers: readonly (readonly string[])[],
): Promise<{ server: Server; path: string; made: () => number }> {
  made += 1;
  const path = join(tmpdir(), `weir-session-${process.pid}-${made}.sock`);
  let [asked, connections] = [0, 0];
  const answer = async (socket: Socket) => {
    const pieces = answers[asked] ?? [];
    asked += 1;
    for (const [at, piece] of pieces.entries()) {
      // The reader has to see the pieces one by one.
      if (at > 0) await sleep(2);
      socket.write(piece);
    }
  };
  const server = createServer((socket) => {
    connections += 1;
    let before = Promise.resolve();
    socket
      .on('error', () => undefined)
      .on('data', () => {
        before = before.then(() => answer(socket));
      });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { server, path, made: () => connections };
}

const ask = (session: HttpSession) => session.ask({ method: 'GET', path: '/', timeoutMs: 20_000, maxBytes: 1_000_000 });

for (const [what, answer, body] of [
  ['in chunks', `${inChunks('{"a":', '1}')}0\r\n\r\n`, '{"a":1}'],
  ['in chunks with a trailer', `${inChunks('{"a":1}')}0\r\nX-Sum: 1\r\n\r\n`, '{"a":1}'],
  ['by length', byLength('404 page not found\n'), '404 page not found\n'],
] as const) {
  test(`an answer ${what} ends where it ends, wherever it is cut, and the next one begins there`, async () => {
    const cuts = Array.from({ length: answer.length - 1 }, (_, at) => [answer.slice(0, at + 1), answer.slice(at + 1)]);
    const { server, path, made: connections } = await serve(cuts);
    const session = new HttpSession({ kind: 'unix', path });
    try {
      for (const [head] of cuts) {
        const outcome = await ask(session);
        assert.equal(
          outcome.kind === 'answered' && outcome.body,
          body,
          `cut after ${JSON.stringify(head?.slice(-20))}`,
        );
      }
      assert.equal(connections(), 1);
    } finally {
      session.close();
      server.close();
    }
  });
}

test('the end of a long answer is found when it is a piece of its own, by a byte or more', async () => {
  const long = 'x'.repeat(70_000);
  const answers = [
    ...[1, 2, 3, 4, 5].map((tail) => {
      const answer = `${inChunks(long)}0\r\n\r\n`;
      return [answer.slice(0, -tail), answer.slice(-tail)];
    }),
    [byLength(long).slice(0, -3), long.slice(-3)],
  ];
  const { server, path } = await serve(answers);
  const session = new HttpSession({ kind: 'unix', path });
  try {
    for (const _ of answers) {
      const outcome = await ask(session);
      assert.equal(outcome.kind === 'answered' && outcome.body, long);
    }
  } finally {
    session.close();
    server.close();
  }
});

test('what is no answer is said at once, not waited for', async () => {
  const { server, path } = await serve([['\r\nHTTP/1.1 200 OK\r\n\r\n']]);
  const session = new HttpSession({ kind: 'unix', path });
  try {
    const outcome = await ask(session);
    assert.equal(outcome.kind === 'failed' && outcome.why, 'the server answered without HTTP');
  } finally {
    session.close();
    server.close();
  }
});
