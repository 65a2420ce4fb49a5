import type { Backend } from './ports.ts';
import type { StoredApp } from './stored-state.ts';

export function panicText(_backend: Backend, _netns: string, _path: string, _apps: readonly StoredApp[], _declared: readonly string[]): string {
  return '#!/bin/sh\n';
}
