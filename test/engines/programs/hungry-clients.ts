/** A program for the machine with systemd: clients whose headers never end, so that a proxy has to keep them in its memory. */
import { connect } from 'node:net';

const [port = '0', count = '0'] = process.argv.slice(2);
const begun = `GET / HTTP/1.1\r\nhost: hungry\r\nx-padding: ${'a'.repeat(50_000)}`;
for (let index = 0; index < Number(count); index++) {
  const socket = connect(Number(port), '127.0.0.1', () => socket.write(begun));
  socket.on('error', () => {});
}
setTimeout(() => process.exit(0), 60_000);
