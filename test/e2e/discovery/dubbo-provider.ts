/** A real Dubbo provider in a process of its own, registered in a ZooKeeper of the tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { javaClassPath } from '../../oracle/java-class-path.ts';

/** How a provider registers. */
export interface ProviderOptions {
  readonly zookeeperPort: number;
  readonly port: number;
  readonly mode: 'interface' | 'instance' | 'all';
  readonly metadata: 'local' | 'remote';
}

/** The command line of a provider; `registry` is `zookeeper://..`, or `N/A` for one that does not register. */
export function providerCommand(
  registry: string,
  host: string,
  port: number,
  mode: ProviderOptions['mode'] = 'interface',
  metadata: ProviderOptions['metadata'] = 'local',
  labels = 'unit=hz-1',
  protocol: 'dubbo' | 'tri' = 'dubbo',
): [string, ...string[]] {
  const properties = [`-Ddubbo.labels=${labels}`, `-Dorders.protocol=${protocol}`];
  const java = ['-XX:TieredStopAtLevel=1', '-Xmx128m', ...properties, '-cp', dubboClassPath()];
  return ['java', ...java, 'DubboProvider', registry, host, String(port), mode, metadata];
}

/** The class path of provider and consumer. */
export function dubboClassPath(): string {
  const folder = new URL('./dubbo/', import.meta.url).pathname;
  return javaClassPath('dubbo-provider-3.3.6', folder, ['DubboProvider', 'DubboConsumer']);
}

/** A provider of the application `orders` (DubboProvider.java). */
export class DubboProvider {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts one and waits until it has registered. */
  static async start({ zookeeperPort, port, mode, metadata }: ProviderOptions): Promise<DubboProvider> {
    const registry = `zookeeper://127.0.0.1:${zookeeperPort}`;
    const [file, ...args] = providerCommand(registry, '127.0.0.1', port, mode, metadata);
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const provider = new DubboProvider(child);
    child.stdin?.on('error', () => undefined);
    const said = text(child.stderr);
    for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') return provider;
    throw new Error(`the provider ended:\n${(await said).slice(-3000)}`);
  }

  /** Ends it in order, so that it takes its nodes away; SIGKILL after half a minute: what it leaves stays until its session ends. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await Promise.race([ended, sleep(30_000, undefined, { ref: false })]);
    child.kill('SIGKILL');
    await ended;
  }
}
