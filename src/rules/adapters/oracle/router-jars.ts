/** The jars of real Dubbo routers: which versions, and where they may lie. */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type RouterEngine, TESTED_RELEASES } from '../../read/router-behaviour.ts';

/** What the routers of a line need beside Dubbo. */
interface RouterRelease {
  /** The Java class that knows its routers. */
  readonly routers: 'Routers27' | 'Routers3';
  /** `group:artifact:version` of each other jar. */
  readonly artifacts: readonly string[];
}

const FASTJSON = 'com.alibaba.fastjson2:fastjson2:2.0.56';
const NETTY = ['io.netty:netty-transport:4.2.2.Final', 'io.netty:netty-common:4.2.2.Final'];
const ASM = ['asm', 'asm-commons', 'asm-tree', 'asm-util', 'asm-analysis'].map((name) => `org.ow2.asm:${name}:7.3.1`);

/** The releases that weir asks, one of each line. Without netty the QoS bean of Dubbo 3 does not load. */
export const ROUTER_RELEASES: Readonly<Record<RouterEngine, RouterRelease>> = {
  '2.7': {
    routers: 'Routers27',
    artifacts: [
      'org.yaml:snakeyaml:1.30',
      'com.alibaba:fastjson:1.2.83',
      FASTJSON,
      'io.netty:netty-common:4.2.2.Final',
    ],
  },
  '3.2': {
    routers: 'Routers3',
    artifacts: ['org.yaml:snakeyaml:2.4', FASTJSON, ...NETTY, 'org.openjdk.nashorn:nashorn-core:15.6', ...ASM],
  },
  '3.3': {
    routers: 'Routers3',
    artifacts: ['org.yaml:snakeyaml:2.4', FASTJSON, ...NETTY],
  },
};

/** The jars of a line; `why` is null when all of them are there. */
export interface RouterJars {
  readonly paths: readonly string[];
  readonly why: string | null;
}

/** Looks for the jars of a line: in the folder $DUBBO_JARS, else in Maven's own store. */
export function lookForRouterJars(engine: RouterEngine, env: NodeJS.ProcessEnv = process.env): RouterJars {
  const folder = env.DUBBO_JARS ?? '';
  const dubbo = `org.apache.dubbo:dubbo:${TESTED_RELEASES[engine]}`;
  const paths = [dubbo, ...ROUTER_RELEASES[engine].artifacts].map((artifact) => {
    const [group = '', name = '', version = ''] = artifact.split(':');
    const file = `${name}-${version}.jar`;
    if (folder !== '') return join(folder, file);
    return join(homedir(), '.m2/repository', ...group.split('.'), name, version, file);
  });
  const missing = paths.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() !== true);
  const place = folder === '' ? '' : ' (from $DUBBO_JARS)';
  return { paths, why: missing === undefined ? null : `${missing}${place} is not there` };
}
