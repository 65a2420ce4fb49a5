/** A pod as a host: its volume of the downward API says who it is, and its annotation may hold applications off. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { LocalHost } from '../host/ports.ts';
import { isHeldOff, OFF_ANNOTATION, POD_FILES, type PodInfo, readPodInfo } from '../model/pod-info.ts';
import { watchFolder } from './watch-folder.ts';

/** Reads the volume. Throws WEIR1611 when a file is not there or not understood. */
export async function readPodFolder(folder: string): Promise<PodInfo> {
  const texts = POD_FILES.map(async (name) => {
    try {
      return [name, await readFile(join(folder, name), 'utf8')] as const;
    } catch (error) {
      throw new WeirError('WEIR1611', {
        what: `${join(folder, name)} cannot be read: ${messageOf(error)}`,
        why: 'a pod learns from a downward API volume who it is and what its annotations want',
        hint: `mount a volume with ${POD_FILES.join(', ')} there, or give its folder with --pod-info`,
      });
    }
  });
  return readPodInfo(Object.fromEntries(await Promise.all(texts)) as Record<(typeof POD_FILES)[number], string>);
}

/** The machine in a pod: what its annotation names is overridden, by whoever may annotate the pod. */
export function podHost(local: LocalHost, folder: string): LocalHost {
  return {
    ...local,
    async look() {
      const [look, pod] = await Promise.all([local.look(), readPodFolder(folder)]);
      const apps = look.apps.map((app) => {
        if (app.override !== null || !isHeldOff(pod, app.name)) return app;
        const reason = `the annotation ${OFF_ANNOTATION} of the pod`;
        return { ...app, override: { since: null, reason, by: 'annotation' as const } };
      });
      return { ...look, apps };
    },
    watch(changed, signal) {
      local.watch(changed, signal);
      watchFolder(folder, changed, signal);
    },
  };
}
