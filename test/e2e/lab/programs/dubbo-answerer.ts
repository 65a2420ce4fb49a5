// Stand-in providers: each of its ports answers every Dubbo call with its number.
import { startProvider } from '../../discovery/dubbo-frames.ts';
import { announce, onCommands, programOptions } from './program.ts';

const { host, ports } = programOptions<{ readonly host: string; readonly ports: readonly number[] }>();
await Promise.all(ports.map((port) => startProvider(String(port), { host, port })));
announce('LISTENING');
onCommands({});
