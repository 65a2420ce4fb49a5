// Opens streams to a stream server, numbers what it sends and checks the numbers that it receives.
import { countLine, onLines, type StreamTally, sendNumbers } from './line-stream.ts';
import { announce, becomeLabUser, onCommands, programOptions } from './program.ts';
import { routeOf } from './route-of.ts';

const { connect } = process.getBuiltinModule('node:net');

interface Stream extends StreamTally {
  readonly id: number;
  route: 'direct' | 'proxy' | null;
  /** Null while it is open; `end`, or the code of the error that ended it. */
  ending: string | null;
}

const {
  host,
  port,
  count = 1,
  intervalMs = 20,
} = programOptions<{
  host: string;
  port: number;
  count?: number;
  intervalMs?: number;
}>();
const streams: Stream[] = [];

function open(id: number): void {
  const stream: Stream = { id, received: 0, gaps: 0, last: -1, route: null, ending: null };
  streams.push(stream);
  let ending = 'end';
  const socket = connect({ host, port, noDelay: true });
  socket.on('connect', () => sendNumbers(socket, intervalMs));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ending = error.code ?? 'error';
  });
  socket.on('close', () => {
    stream.ending = ending;
    announce('ENDED', stream);
  });
  onLines(socket, (line) => {
    if (!line.startsWith('PEER ')) return countLine(stream, Number(line));
    const [, address = '', peerPort] = line.split(' ');
    stream.route = routeOf(socket, { address, port: Number(peerPort) });
    if (streams.every(({ route }) => route !== null)) announce('OPEN', { count: streams.length });
  });
}

becomeLabUser();
for (let id = 0; id < count; id += 1) open(id);
onCommands({
  report: () => announce('REPORT', { streams }),
  more: (argument) => {
    const first = streams.length;
    for (let id = first; id < first + Number(argument); id += 1) open(id);
  },
});
