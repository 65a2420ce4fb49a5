import * as Flags from '@oclif/core/flags';

const TARGETS = ['dubbo-mesh', 'istio', 'envoy-dubbo', 'aeraki'] as const;

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
  providers: Flags.string({ helpValue: 'FILE', summary: 'Registry snapshot: JSON list of {id, host, port, params}.' }),
  services: Flags.string({
    helpValue: 'FILE',
    summary: 'Interfaces: JSON list of {interface, methods: [{name, paramTypes}]}.',
  }),
});
