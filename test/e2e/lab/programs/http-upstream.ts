// Answers every request with who asked, as seen from here. `/slow?ms=N` waits so long before it answers.
import { announce, becomeLabUser, onCommands, programOptions } from './program.ts';

const { createServer } = process.getBuiltinModule('node:http');

const { port, name = 'upstream' } = programOptions<{ port: number; name?: string }>();
const counts = { connections: 0, requests: 0, open: 0 };

const server = createServer((request, response) => {
  counts.requests += 1;
  const { socket } = request;
  const url = new URL(request.url ?? '/', 'http://upstream');
  const body = JSON.stringify({
    name,
    method: request.method,
    path: url.pathname,
    id: request.headers['x-request-number'] ?? null,
    peer: { address: socket.remoteAddress?.replace(/^::ffff:/, ''), port: socket.remotePort },
    local: { address: socket.localAddress?.replace(/^::ffff:/, ''), port: socket.localPort },
  });
  const waitMs = Number(url.searchParams.get('ms') ?? 0);
  response.setHeader('content-type', 'application/json');
  setTimeout(() => response.end(`${body}\n`), url.pathname === '/slow' ? waitMs : 0);
});
// Keep-alive connections are the tests' to close, not a timer's.
server.keepAliveTimeout = 0;
server.on('connection', (socket) => {
  counts.connections += 1;
  counts.open += 1;
  socket.on('close', () => {
    counts.open -= 1;
  });
});

becomeLabUser();
server.listen({ port, host: '::', backlog: 1024 }, () => announce('READY'));
onCommands({ report: () => announce('REPORT', counts) });
