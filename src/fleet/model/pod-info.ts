/** What a pod knows of itself: the files of a downward API volume. Pure. */
import { WeirError } from '../../errors/weir-error.ts';

/** Applications that this annotation of a pod names, separated by commas, are off in it; `*` names all. */
export const OFF_ANNOTATION = 'weir.dev/off';
/** The files of the volume. */
export const POD_FILES = ['name', 'namespace', 'labels', 'annotations'] as const;

/** A pod, as its volume shows it. */
export interface PodInfo {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Applications that its annotation wants off. */
  readonly off: readonly string[];
}

/** The name of a pod among the hosts of its region: a pod's own is one of its namespace only. */
export function hostNameOfPod({ name, namespace }: Pick<PodInfo, 'name' | 'namespace'>): string {
  return `${name}.${namespace}`;
}

/** Reads the texts of the files. Throws WEIR1611 for a text that the kubelet did not write. */
export function readPodInfo(texts: Readonly<Record<(typeof POD_FILES)[number], string>>): PodInfo {
  const annotation = readPairs('annotations', texts.annotations)[OFF_ANNOTATION] ?? '';
  return {
    name: texts.name.trim(),
    namespace: texts.namespace.trim(),
    labels: readPairs('labels', texts.labels),
    off: annotation
      .split(',')
      .map((app) => app.trim())
      .filter((app) => app !== ''),
  };
}

/** Whether the annotation of a pod names an application. */
export function isHeldOff({ off }: Pick<PodInfo, 'off'>, app: string): boolean {
  return off.includes(app) || off.includes('*');
}

/** `key="value"` a line; the value is quoted as Go does it. */
function readPairs(file: string, text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      const value = at === -1 ? null : unquote(line.slice(at + 1));
      if (value === null) {
        throw new WeirError('WEIR1611', {
          what: `${file} of the pod is not understood: ${line.slice(0, 80)}`,
          why: 'a downward API volume has key="value" on each line',
          hint: 'project metadata.labels and metadata.annotations into the volume',
        });
      }
      return [line.slice(0, at), value];
    }),
  );
}

/** Go writes what JSON has no escape for as \a, \v and \xNN. */
function unquote(quoted: string): string | null {
  const json = quoted
    .replace(/\\x([0-9a-f]{2})/g, '\\u00$1')
    .replaceAll('\\a', '\\u0007')
    .replaceAll('\\v', '\\u000b');
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
