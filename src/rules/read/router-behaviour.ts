/**
 * Release lines of Dubbo whose condition and tag routers differ. Tests run 2.7.23, 3.2.16 and 3.3.6, one of each line.
 */
export const ROUTER_ENGINES = ['2.7', '3.2', '3.3'] as const;

/** A line of Dubbo. */
export type RouterEngine = (typeof ROUTER_ENGINES)[number];

/** The release of each line that weir was tested on, and that it asks where its jars are found. */
export const TESTED_RELEASES: Readonly<Record<RouterEngine, string>> = {
  '2.7': '2.7.23',
  '3.2': '3.2.16',
  '3.3': '3.3.6',
};

/** One thing that the routers of some lines do and others do not. `what` ends the sentence "Dubbo 3.2 ...". */
export interface BehaviourRow extends Readonly<Record<RouterEngine, boolean>> {
  readonly what: string;
  /** The opposite, for the lines where it is false. */
  readonly else: string;
}

/**
 * Differences between the routers, read in their sources and tested on the real classes. Everything else that weir
 * knows of condition and tag rules holds for all three lines.
 */
export const ROUTER_BEHAVIOUR = {
  'missing-key-differs': {
    what: 'takes a key that the URL does not have as different from every value, so `!=` holds',
    else: 'lets a key that the URL does not have fail `=` and `!=` alike',
    '2.7': true,
    '3.2': false,
    '3.3': false,
  },
  'attachments-read': {
    what: 'compares `attachments[key]` with the attachment of the call',
    else: 'looks for a URL parameter with the name `attachments[key]`',
    '2.7': false,
    '3.2': true,
    '3.3': true,
  },
  'ranges-read': {
    what: 'reads `a~b` as a range of whole numbers',
    else: 'compares the text `a~b` itself',
    '2.7': false,
    '3.2': true,
    '3.3': true,
  },
  'missing-argument-is-text': {
    what: 'compares a placeholder text where the call has fewer arguments, so `!=` holds',
    else: 'lets the test of an argument fail where the call has fewer arguments',
    '2.7': false,
    '3.2': true,
    '3.3': true,
  },
  'tag-match-read': {
    what: 'reads the `match` of a tag in a rule of configVersion v3.0',
    else: 'does not read the `match` of a tag',
    '2.7': false,
    '3.2': true,
    '3.3': true,
  },
  'untagged-avoids-own-tags': {
    what: 'gives an untagged call only providers without a tag of their own',
    else: 'gives an untagged call also providers whose own tag is not named in the rule',
    '2.7': false,
    '3.2': true,
    '3.3': true,
  },
  'tag-levels-read': {
    what: 'reads a tag such as `gray|team1` level by level, the longest that the rule names first',
    else: 'reads a tag such as `gray|team1` as one name',
    '2.7': false,
    '3.2': false,
    '3.3': true,
  },
  'link-local-compared': {
    what: 'compares link-local addresses (169.254.0.0/16) of providers with the addresses of a tag',
    else: 'finds a provider with a link-local address (169.254.0.0/16) in no address of a tag but `*` and networks',
    '2.7': true,
    '3.2': true,
    '3.3': false,
  },
  'text-fields-only': {
    what: 'does not load a rule whose key, scope, configVersion or tag name is no text',
    else: 'takes a number as the text of a key, scope or tag name',
    '2.7': false,
    '3.2': true,
    '3.3': true,
  },
  'caller-forces-tag': {
    what: "takes dubbo.force.tag of the consumer's URL where the call has no such attachment",
    else: 'takes it from there only where the attachment is there and empty',
    '2.7': false,
    '3.2': true,
    '3.3': true,
  },
  'newer-conditions-only': {
    what: 'does not load conditions that are texts with configVersion v3.1 or a later one',
    else: 'reads conditions that are texts whatever the configVersion',
    '2.7': false,
    '3.2': false,
    '3.3': true,
  },
  'flags-as-text': {
    what: 'reads force, enabled, runtime or valid also where it is a text (`force: "true"`)',
    else: 'does not load a rule whose force, enabled, runtime or valid is a text',
    '2.7': false,
    '3.2': true,
    '3.3': true,
  },
} as const satisfies Readonly<Record<string, BehaviourRow>>;

/** The name of a row. */
export type BehaviourId = keyof typeof ROUTER_BEHAVIOUR;

/** Whether the given release lines of Dubbo disagree on a row. */
export function linesDiffer(id: BehaviourId, engines: readonly RouterEngine[]): boolean {
  const row: BehaviourRow = ROUTER_BEHAVIOUR[id];
  return engines.some((engine) => row[engine] !== row[engines[0] ?? '3.2']);
}

/** A sentence on how the lines differ: `Dubbo 2.7 ..., 3.2 and 3.3 ...`. */
export function describeDifference(id: BehaviourId): string {
  const row: BehaviourRow = ROUTER_BEHAVIOUR[id];
  const yes = ROUTER_ENGINES.filter((engine) => row[engine]);
  const no = ROUTER_ENGINES.filter((engine) => !row[engine]);
  return `Dubbo ${yes.join(' and ')} ${row.what}; Dubbo ${no.join(' and ')} ${row.else}`;
}
