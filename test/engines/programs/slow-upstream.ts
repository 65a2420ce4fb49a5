/** Answers each request after so many milliseconds, on a port of loopback; says when one has come. */
import { createServer } from 'node:http';

const [port, ms] = process.argv.slice(2).map(Number);
createServer((_request, response) => {
  process.stdout.write('asked\n');
  setTimeout(() => response.end('whole'), ms);
}).listen(port, '127.0.0.1', () => process.stdout.write('listens\n'));
