/** Files with a mistake at the top level. */
import { appsOf, type Mistake, withSidecar } from './documents.ts';

/** Mistakes at the top of the file and in keys anywhere. */
export const TOP_LEVEL_MISTAKES: readonly Mistake[] = [
  { name: 'no apiVersion', yaml: 'sidecars: {}\n' },
  { name: 'another apiVersion', yaml: 'apiVersion: weir.dev/v2\nsidecars: {}\n' },
  { name: 'an apiVersion that is a number', yaml: 'apiVersion: 1\nsidecars: {}\n' },
  { name: 'no sidecars', yaml: 'apiVersion: weir.dev/v1\n' },
  { name: 'an unknown key', yaml: withSidecar('applications: {}\n') },
  { name: 'a misspelt key', yaml: withSidecar('app: {}\n') },
  { name: 'apps without a value', yaml: withSidecar('apps:\n') },
  { name: 'sidecars as a list', yaml: 'apiVersion: weir.dev/v1\nsidecars: [main]\n' },
  { name: 'a merge key', yaml: appsOf('pay: {<<: {}, select: {user: a}, sidecar: main}') },
  { name: 'a key that JavaScript knows', yaml: 'apiVersion: weir.dev/v1\nsidecars: {}\n__proto__: {apps: {}}\n' },
  { name: 'a name that JavaScript knows', yaml: appsOf('__proto__: {select: {user: a}, sidecar: main}') },
];
