/** Joins a port of its network namespace to a unix socket, which namespaces do not part: PORT PATH. */
import { connect, createServer } from 'node:net';

const [port = '', path = ''] = process.argv.slice(2);

createServer((client) => {
  const server = connect(path);
  for (const end of [client, server]) end.on('error', () => undefined);
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
  client.pipe(server).pipe(client);
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('relays\n'));
