/** Registries on the network: read once over a session that is closed afterwards, or followed. */
import { reasonOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { RegistryConfig } from '../../mesh/discovery-config.ts';
import type { Clock } from '../../platform/clock.ts';
import type { RegistryReader } from '../ports.ts';
import { NacosRefusal } from '../registry/nacos/nacos-error.ts';
import type { Wanted } from '../registry/wanted.ts';
import { FolderMarks } from '../registry/zookeeper/folder-marks.ts';
import { ZooKeeperListing } from '../registry/zookeeper/list-registry.ts';
import type { RegistryEvent } from '../world/registry-event.ts';
import { readAuthFile } from './auth-file.ts';
import { askMetadata } from './dubbo/ask-metadata.ts';
import type { NacosCredentials } from './nacos/nacos-account.ts';
import { NacosRegistry } from './nacos/nacos-registry.ts';
import { ZooKeeperSession } from './zookeeper/zookeeper-session.ts';
import { ZooKeeperWatch } from './zookeeper/zookeeper-watch.ts';

/** How long a registry may take to answer, in milliseconds; a listing takes as long as it is large. */
const DEADLINE_MS = 10_000;

/**
 * A reader of registries on the network. `marks` keeps by servers how new the state of a ZooKeeper was: what is followed anew
 * after SIGHUP, or by the next agent, is the registry of before.
 */
export function networkRegistries(clock: Clock, marks = new Map<string, FolderMarks>()): RegistryReader {
  const readNacos = async (
    config: Extract<RegistryConfig, { kind: 'nacos' }>,
    wanted: Wanted,
    emit: (event: RegistryEvent) => void,
  ): Promise<void> => {
    const credentials = await credentialsOf(config);
    const registry = new NacosRegistry({ config, credentials, wanted, emit, warn: () => undefined, clock });
    try {
      await registry.readOnce(DEADLINE_MS);
    } catch (error) {
      throw notRead(config, reasonOf(error), error instanceof NacosRefusal ? error.nextStep : undefined);
    }
  };
  return {
    async readRegistry(config, wanted, emit) {
      if (config.kind === 'nacos') return await readNacos(config, wanted, emit);
      const digest = await digestOf(config);
      const ended = new AbortController();
      const { promise: failed, reject } = Promise.withResolvers<never>();
      let lastWhy = 'no server answered';
      const { promise: connected, resolve } = Promise.withResolvers<void>();
      const session = new ZooKeeperSession(
        { servers: config.servers, digest, sessionMs: DEADLINE_MS },
        {
          connected: () => resolve(),
          disconnected: (why) => {
            lastWhy = why;
          },
          changed: () => undefined,
        },
        clock,
      );
      const running = session.run();
      const limit = clock.sleep(DEADLINE_MS, ended.signal).then(
        () => reject(notRead(config, lastWhy)),
        () => undefined,
      );
      try {
        await Promise.race([connected, failed]);
        // From now on the session gives up a server that leaves a single read without an answer.
        ended.abort();
        const parts = { reads: session, askInstance: askMetadata };
        await new ZooKeeperListing(parts, config.name, config, emit).all(wanted);
      } catch (error) {
        throw error instanceof WeirError
          ? error
          : notRead(config, error instanceof Error ? error.message : String(error));
      } finally {
        ended.abort();
        session.close();
        await Promise.all([running, limit]);
      }
    },
    async followRegistry(config, wanted, { emit, warn }, signal) {
      if (config.kind === 'nacos') {
        const credentials = await credentialsOf(config);
        return await new NacosRegistry({ config, credentials, wanted, emit, warn, clock }).run(signal);
      }
      const digest = await digestOf(config);
      const known = marks.get(JSON.stringify(config.servers)) ?? new FolderMarks();
      marks.set(JSON.stringify(config.servers), known);
      await new ZooKeeperWatch({ config, digest, wanted, emit, warn, clock, marks: known }).run(signal);
    },
  };
}

/** As `credentialsOf`, for ZooKeeper. */
async function digestOf(config: RegistryConfig): Promise<(() => Promise<string>) | null> {
  return (await credentialsOf(config))?.read ?? null;
}

/** Throws WEIR6004 (exit 2) when the file gives no user and password now; later that is a reason to try again. */
async function credentialsOf({ authFile: file }: RegistryConfig): Promise<NacosCredentials | null> {
  if (file === undefined) return null;
  await readAuthFile(file);
  return { file, read: () => readAuthFile(file) };
}

function notRead({ name, servers }: RegistryConfig, why: string, nextStep?: string): WeirError {
  const list = servers.map(({ host, port }) => `${host}:${port}`).join(', ');
  return new WeirError('WEIR6002', {
    what: `the registry ${name} (${list}) could not be read`,
    why,
    hint: `${nextStep ?? `see whether a server of ${name} answers from this host`}; nothing is concluded about its instances`,
  });
}
