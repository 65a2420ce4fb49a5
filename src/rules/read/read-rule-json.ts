/** Rules that are JSON. */
import * as z from 'zod';
import { OPEN_SCOPE, PLAIN_SOURCE, type RuleSource } from './rule-source.ts';

const sameRoom = z.looseObject({ localPreferredSwitch: z.string() });

/** Reads an HSF rule that is JSON: the same-room rule, which weir knows and does not convert. Null for any other text. */
export function readRuleJson(path: string, text: string): RuleSource | null {
  if (!text.trimStart().startsWith('{')) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!sameRoom.safeParse(json).success) return null;
  return {
    ...PLAIN_SOURCE,
    path,
    kind: 'hsf-same-room',
    form: 'hsf-text',
    text,
    scope: OPEN_SCOPE,
    language: 'json',
    unread: 'an HSF same-room rule prefers providers near the caller: that is localityLbSetting of a mesh, no route',
  };
}
