/** Streams of numbered lines, counted in each direction. */
import type { Socket } from 'node:net';

/** What came in on one direction of a stream of numbered lines. */
export interface StreamTally {
  received: number;
  /** Lines whose number was not the one after the last. */
  gaps: number;
  last: number;
}

/** Calls back for each complete line that a socket receives. */
export function onLines(socket: Socket, handle: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) handle(line);
  });
}

/** Counts a numbered line; numbers begin at 0. */
export function countLine(tally: StreamTally, number: number): void {
  if (number !== tally.last + 1) tally.gaps += 1;
  tally.last = number;
  tally.received += 1;
}

/** Writes numbered lines at an interval until the socket closes. */
export function sendNumbers(socket: Socket, intervalMs: number): void {
  let next = 0;
  const send = () => {
    if (socket.writable) socket.write(`${next}\n`);
    next += 1;
  };
  send();
  const timer = setInterval(send, intervalMs);
  socket.on('close', () => clearInterval(timer));
}
