/** Objects out of files, all of them or none. */
import { WeirError } from '../../errors/weir-error.ts';
import type { ConfigProblem } from '../../mesh/yaml/config-problem.ts';
import { type PlacedObject, parseObjects } from '../model/parse-objects.ts';
import { fleetMistakes } from './fleet.ts';

/** Reads the text of a file. Throws WEIR1602. */
export type ReadObjectsText = (file: string) => Promise<string>;

/** Reads and checks every file before anything is done. Throws WEIR1601 with all mistakes, WEIR1602. */
export async function readObjectFiles(
  files: readonly string[],
  readText: ReadObjectsText,
): Promise<readonly PlacedObject[]> {
  const objects: PlacedObject[] = [];
  const errors: ConfigProblem[] = [];
  for (const file of files) {
    const parsed = parseObjects(await readText(file), file);
    if ('errors' in parsed) errors.push(...parsed.errors);
    else objects.push(...parsed.objects);
  }
  if (errors.length > 0) throw fleetMistakes(errors);
  const seen = new Map<string, PlacedObject>();
  for (const one of objects) {
    const name = `${one.object.kind}/${one.object.metadata.name}`;
    const first = seen.get(name);
    if (first !== undefined) {
      throw placed(
        one,
        `${name} is given twice`,
        `it is in ${first.file}:${first.position.line} already`,
        'keep one of the two',
      );
    }
    seen.set(name, one);
  }
  return objects;
}

/** WEIR1601 at the place of an object. */
export function placed({ file, position }: PlacedObject, what: string, why: string, hint: string): WeirError {
  return new WeirError('WEIR1601', { what, why, hint, location: { file, ...position } });
}
