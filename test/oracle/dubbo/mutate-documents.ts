/** Changes to documents as hands and merges make them: a word, a number, a line more or less, another order. */
import {
  Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  parseAllDocuments,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';

/** Three numbers that decide what is changed, where, and into what. */
export type MutationSeed = readonly [kind: number, place: number, detail: number];

type Place = { readonly document: Document; readonly key: string } & (
  | { readonly at: 'text'; readonly node: Scalar }
  | { readonly at: 'map'; readonly map: YAMLMap; readonly pair: Pair }
  | { readonly at: 'list'; readonly items: unknown[]; readonly index: number }
);

/** A text with one change, and what was done; null where the seed changes nothing. */
export function mutateDocuments(
  text: string,
  [kind, place, detail]: MutationSeed,
): { readonly text: string; readonly what: string } | null {
  const documents = parseAllDocuments(text, { version: '1.1', schema: 'failsafe', uniqueKeys: false }).filter(
    (document) => document instanceof Document,
  );
  const places = documents.flatMap(placesOf);
  const changes = [changeText, changeText, changeMap, changeList, changeList, changeDocuments] as const;
  const change = changes[kind % changes.length] ?? changeText;
  const fitting = places.filter(({ at }) => at === WANTED.get(change) || WANTED.get(change) === undefined);
  const chosen = fitting[place % Math.max(1, fitting.length)];
  if (chosen === undefined) return null;
  const what = change(chosen, detail, documents);
  if (what === null) return null;
  const changed = documents.map((document) => document.toString({ lineWidth: 0 })).join('---\n');
  return changed === text ? null : { text: changed, what: `${what} (${chosen.key})` };
}

type Change = (place: Place, detail: number, documents: Document[]) => string | null;

const changeText: Change = (place, detail, documents) => {
  if (place.at !== 'text') return null;
  const { node, key } = place;
  const text = String(node.value);
  const others = documents.flatMap(placesOf).flatMap((one) => (one.at === 'text' ? [String(one.node.value)] : []));
  const number = Number(text);
  const isNumber = node.type === 'PLAIN' && text !== '' && Number.isFinite(number);
  const variants: readonly (readonly [value: string, isPlain: boolean])[] = isNumber
    ? [
        [plain(number + 1), true],
        [plain(number - 1), true],
        [plain(-number), true],
        [String(Math.trunc(number)), true],
        [plain(number * 10), true],
        [text, false],
        [plain(number + 0.5), true],
      ]
    : [
        [`${text}x`, false],
        [text.slice(0, -1), false],
        [text.toUpperCase(), false],
        ['', false],
        [others[detail % others.length] ?? '', false],
        [text, true],
        [`.*${text}`, false],
        ['yes', true],
        ['12', true],
      ];
  const [value, isPlain] = variants[detail % variants.length] ?? ['', false];
  if (isPlain && !/^[\w.+-]+$/.test(value)) return null;
  node.value = value;
  node.source = value;
  node.type = isPlain ? Scalar.PLAIN : Scalar.QUOTE_SINGLE;
  return `${key}: ${JSON.stringify(text)} -> ${isPlain ? value : JSON.stringify(value)}`;
};

const RENAMED: Readonly<Record<string, readonly string[]>> = {
  exact: ['prefix', 'regex', 'empty', 'exactt'],
  prefix: ['exact', 'regex'],
  regex: ['prefix', 'exact', 'noempty'],
  empty: ['noempty', 'exact'],
  noempty: ['empty', 'exact'],
  start: ['end'],
  end: ['start'],
  mod: ['exact'],
  str_value: ['num_value', 'bool_value'],
  num_value: ['str_value'],
  bool_value: ['str_value'],
  name_match: ['name_matches'],
  dubboContext: ['tracingContext', 'context'],
  fallback: ['fall_back'],
  services: ['service'],
  routedetail: ['routedetails'],
  match: ['matches'],
  argp: ['argc'],
};

const changeMap: Change = (place, detail) => {
  if (place.at !== 'map') return null;
  const { map, pair, key } = place;
  const index = map.items.indexOf(pair);
  switch (detail % 5) {
    case 0:
    case 1:
      map.items.splice(index, 1);
      return `without ${key}`;
    case 2: {
      const names = RENAMED[key];
      const name = names?.[Math.floor(detail / 5) % names.length];
      if (name === undefined) return null;
      pair.key = new Scalar(name);
      return `${key} renamed to ${name}`;
    }
    case 3: {
      const twice = pair.clone();
      if (isScalar(twice.value)) twice.value.value = `${String(twice.value.value)}x`;
      map.items.splice(detail % 2 === 0 ? 0 : map.items.length, 0, twice);
      return `${key} twice`;
    }
    default: {
      const other = map.items[(index + 1) % map.items.length];
      if (other === undefined || other === pair) return null;
      [pair.value, other.value] = [other.value, pair.value];
      return `${key} and ${String((other.key as Scalar).value)} exchanged`;
    }
  }
};

const changeList: Change = (place, detail) => {
  if (place.at !== 'list') return null;
  const { items, index, key } = place;
  switch (detail % 4) {
    case 0:
      items.splice(index, 1);
      return `item ${index} of ${key} removed`;
    case 1: {
      const other = Math.floor(detail / 4) % items.length;
      [items[index], items[other]] = [items[other], items[index]];
      return `items ${index} and ${other} of ${key} exchanged`;
    }
    case 2:
      items.unshift(...items.splice(index, 1));
      return `item ${index} of ${key} first`;
    default: {
      const other = Math.floor(detail / 4) % items.length;
      const [here, there] = [items[index], items[other]];
      if (!isMap(here) || !isMap(there)) return null;
      const taken = there.items[Math.floor(detail / 64) % Math.max(1, there.items.length)];
      if (taken === undefined) return null;
      here.set(taken.key, taken.value);
      return `item ${index} of ${key} takes ${String((taken.key as Scalar).value)} of item ${other}`;
    }
  }
};

const changeDocuments: Change = (place, detail, documents) => {
  if (detail % 3 === 0 && documents.length > 1) {
    documents.splice(detail % documents.length, 1);
    return 'a document removed';
  }
  if (detail % 3 === 1) {
    documents.reverse();
    return 'documents exchanged';
  }
  return place.at === 'text' ? changeText(place, detail, documents) : null;
};

const WANTED = new Map<Change, Place['at']>([
  [changeText, 'text'],
  [changeMap, 'map'],
  [changeList, 'list'],
]);

function placesOf(document: Document): Place[] {
  const found: Place[] = [];
  visit(document, (_, node, path) => {
    const above = [...path].reverse().find((one) => isPair(one));
    const key = isPair(above) && isScalar(above.key) ? String(above.key.value) : '';
    if (isPair(node) && isScalar(node.key)) {
      const map = path.at(-1);
      if (isMap(map)) found.push({ at: 'map', document, map, pair: node, key: String(node.key.value) });
    } else if (isSeq(node))
      for (const index of node.items.keys()) found.push({ at: 'list', document, items: node.items, index, key });
    else if (isScalar(node) && !(isPair(path.at(-1)) && (path.at(-1) as Pair).key === node))
      found.push({ at: 'text', document, node, key });
  });
  return found;
}

function plain(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
