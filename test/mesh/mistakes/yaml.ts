/** Files that are no valid YAML. */
import { appsOf, type Mistake, withSidecar } from './documents.ts';

/** Texts that are not the YAML that weir takes. */
export const YAML_MISTAKES: readonly Mistake[] = [
  { name: 'an empty file', yaml: '' },
  { name: 'a file of comments', yaml: '# nothing yet\n' },
  { name: 'a list instead of a map', yaml: '- a\n' },
  { name: 'a text instead of a map', yaml: 'hello\n' },
  { name: 'a tab as indentation', yaml: 'apiVersion: weir.dev/v1\nsidecars:\n\tmain: {}\n' },
  { name: 'a bracket that is not closed', yaml: 'apiVersion: weir.dev/v1\nsidecars: {main: {user: envoy}\napps: {}\n' },
  { name: 'a quote that is not closed', yaml: 'apiVersion: "weir.dev/v1\n' },
  { name: 'a value after a value', yaml: "apiVersion: 'weir.dev' /v1\n" },
  { name: 'two colons on a line', yaml: 'apiVersion: weir.dev/v1\nsidecars: main: {}\n' },
  { name: 'a wrong indentation', yaml: 'sidecars:\n    main: {}\n  other: {}\n' },
  { name: 'a reserved character', yaml: 'apiVersion: @weir\n' },
  { name: 'a tag', yaml: 'apiVersion: !v1 weir.dev/v1\n' },
  { name: 'two documents', yaml: 'apiVersion: weir.dev/v1\n---\nsidecars: {}\n' },
  { name: 'an alias without its anchor', yaml: 'apiVersion: *version\n' },
  { name: 'an alias inside its own anchor', yaml: 'sidecars: &all {main: *all}\n' },
  { name: 'a key that is a list', yaml: '? [a]\n: b\n' },
  { name: 'a key twice', yaml: withSidecar('apps: {}\nsidecars: {}\n') },
  {
    name: 'an app twice',
    yaml: appsOf('pay: {select: {user: a}, sidecar: main}\npay: {select: {user: b}, sidecar: main}'),
  },
  {
    name: 'aliases that multiply',
    yaml: 'a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d]\n',
  },
  { name: 'forty brackets', yaml: `a: ${'['.repeat(40)}\n` },
];
