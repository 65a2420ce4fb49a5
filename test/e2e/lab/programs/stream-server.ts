// Sends numbered lines to everyone who connects and checks the numbers that come back; the first line names the peer.
import { countLine, onLines, type StreamTally, sendNumbers } from './line-stream.ts';
import { announce, becomeLabUser, onCommands, programOptions } from './program.ts';

const { createServer } = process.getBuiltinModule('node:net');

const { port, intervalMs = 20 } = programOptions<{ port: number; intervalMs?: number }>();
const tallies: StreamTally[] = [];
const endings: Record<string, number> = {};

const server = createServer((socket) => {
  const tally: StreamTally = { received: 0, gaps: 0, last: -1 };
  tallies.push(tally);
  let ending = 'end';
  socket.setNoDelay().on('error', (error: NodeJS.ErrnoException) => {
    ending = error.code ?? 'error';
  });
  socket.on('close', () => {
    endings[ending] = (endings[ending] ?? 0) + 1;
  });
  socket.write(`PEER ${socket.remoteAddress} ${socket.remotePort}\n`);
  onLines(socket, (line) => countLine(tally, Number(line)));
  sendNumbers(socket, intervalMs);
});

becomeLabUser();
server.listen({ port, host: '::', backlog: 1024 }, () => announce('READY'));
onCommands({
  report: () =>
    announce('REPORT', {
      connections: tallies.length,
      received: tallies.reduce((sum, tally) => sum + tally.received, 0),
      gaps: tallies.reduce((sum, tally) => sum + tally.gaps, 0),
      endings,
    }),
});
