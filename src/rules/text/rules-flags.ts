/** Flags that several `weir rules` commands share. */
import * as Flags from '@oclif/core/flags';
import { ROUTER_ENGINES } from '../read/router-behaviour.ts';
import { WHEN_EMPTY } from '../targets/when-empty.ts';

const TARGETS = ['dubbo-mesh', 'istio', 'envoy', 'envoy-dubbo', 'aeraki'] as const;

/** `--target` and `--target-version`. */
export const targetFlags = () => ({
  target: Flags.option({
    options: TARGETS,
    default: 'dubbo-mesh' as const,
    summary: 'The language of the documents.',
  })(),
  'target-version': Flags.string({
    helpValue: 'V',
    summary: 'Version of that language, the oldest common one if omitted.',
  }),
});

/** `--case`, `--providers`, `--services`: what is known about the estate. */
export const estateFlags = () => ({
  case: Flags.string({ helpValue: 'FILE', summary: 'Application, providers, services and calls in one JSON file.' }),
  providers: Flags.string({
    helpValue: 'FILE',
    summary: 'Registry snapshot: JSON list of {id, host, port, params}, or dubbo:// URLs.',
  }),
  services: Flags.string({
    helpValue: 'FILE',
    summary: 'Interfaces: JSON list of {interface, methods: [{name, paramTypes}]}.',
  }),
  app: Flags.string({ helpValue: 'NAME', summary: 'The provider application; a case file names it too.' }),
  scope: Flags.option({
    options: ['app', 'service'] as const,
    summary: 'What the key of a rule names, where the rule does not say.',
  })(),
  'engine-version': Flags.option({
    options: ROUTER_ENGINES,
    summary: 'The Dubbo that reads condition and tag rules today; without it, what differs between them is noted.',
  })(),
});

/** `--encoding`: of rule files that are not UTF-8. */
export const encodingFlag = () => ({
  encoding: Flags.string({ helpValue: 'E', summary: 'Encoding of the rule files, for example gbk. UTF-8 if omitted.' }),
});

/** `--when-empty`: one of `WHEN_EMPTY`. */
export const whenEmptyFlag = () => ({
  'when-empty': Flags.option({
    options: WHEN_EMPTY,
    default: 'keep' as const,
    summary: 'What a group without a present provider means where the target cannot say what the script says.',
  })(),
});

/** `--oracle`: whether real engines are asked. */
export const oracleFlag = () => ({
  oracle: Flags.option({
    options: ['auto', 'groovy', 'none'] as const,
    default: 'auto' as const,
    summary:
      'Ask real Groovy and Dubbo routers, in processes without network: auto if a JDK and jars are found, groovy ends with 3 without Groovy.',
  })(),
});
