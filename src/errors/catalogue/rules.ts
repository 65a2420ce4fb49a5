/** The error codes of routing rules. */
import type { CatalogueEntry } from './entry.ts';

/** Routing rules. Codes WEIR50xx. */
export const RULES_ERRORS = {
  WEIR5001: {
    title: 'case file not understood',
    exit: 2,
    kind: 'user',
    explain:
      'A case file (--case, --providers, --services, --calls) is JSON with `providers` (id, host, port, params), `services` (interface, methods with paramTypes) and `calls` (service, method, paramTypes, args with their Java classes, attachments, consumer). The message names the field. Nothing was written.',
  },
  WEIR5002: {
    title: 'file is no routing rule',
    exit: 2,
    kind: 'user',
    explain:
      'weir reads Groovy scripts of the Dubbo script router (bare, as script:// URL, as script-router YAML), HSF rule classes, DPath tag rules, and condition and tag rules. The message says what the file is instead. Nothing was written for it.',
  },
  WEIR5020: {
    title: 'rule file cannot be read',
    exit: 2,
    kind: 'user',
    explain:
      'A file with a routing rule is missing, is no regular file, is not UTF-8 text, or holds more than 4 MB. Other files of the same run were dealt with; nothing was written for this one.',
  },
  WEIR5021: {
    title: 'output cannot be written',
    exit: 3,
    kind: 'host',
    explain:
      'The folder of --out, or the file of --report or --sarif, cannot be created or written. Files are written beside their place and renamed, so none is left half written.',
  },
  WEIR5022: {
    title: 'accept file not understood',
    exit: 2,
    kind: 'user',
    explain:
      'The file of --accept is YAML or JSON: {accept: [{id: WR041, script: pricing.groovy, rule: r3, reason: ..., expires: 2027-01-31}]}. `id` is a diagnostic (or `sampled`, for rules whose proof is incomplete), `reason` and `expires` are required, `script` and `rule` narrow it. An expired entry accepts nothing and is reported; so is one that nothing needs. Nothing was written.',
  },
  WEIR5023: {
    title: 'no rule documents found',
    exit: 2,
    kind: 'user',
    explain:
      'The folder of --rules holds no documents of `weir rules convert` for the target, or those of several scripts while one has to be chosen (--name).',
  },
  WEIR5024: {
    title: 'target version not known',
    exit: 2,
    kind: 'user',
    explain:
      '--target-version names a version of the target language. dubbo-mesh has `and-match` (all of Dubbo to 3.3.6) and `or-match` (entries of one match list are alternatives). Nothing was written.',
  },
  WEIR5025: {
    title: 'some rule files could not be used',
    exit: 2,
    kind: 'user',
    explain:
      'At least one file of the run is no rule that weir can read. The details list each with place and reason; the others were dealt with, and their files are written.',
  },
  WEIR5026: {
    title: 'no rule files given',
    exit: 2,
    kind: 'user',
    explain:
      'The paths hold no file that could be a routing rule. In folders weir looks for .groovy, .url, .yaml, .yml, .txt, .java and .rule files; a file that is named itself is always read.',
  },
  WEIR5027: {
    title: 'text encoding not known',
    exit: 2,
    kind: 'user',
    explain:
      '--encoding names the encoding of rule files that are not UTF-8, by a label of the WHATWG standard: gbk, gb18030, big5, shift_jis, utf-16le, utf-16be, windows-1252. Nothing was read or written.',
  },
  WEIR5028: {
    title: 'rule documents not understood',
    exit: 2,
    kind: 'user',
    explain:
      'The documents would not be taken by the target: broken YAML, a missing VirtualService or DestinationRule, or a value that makes Dubbo reject the whole text. The message says which.',
  },
  WEIR5029: {
    title: 'a real engine is missing',
    exit: 3,
    kind: 'host',
    explain:
      '--oracle groovy compares with a real Groovy 2.4.21: it needs a JDK that runs a source file (`java File.java`, version 11 or later) and groovy-all-2.4.21.jar, named by $GROOVY_JAR or in the store of Maven. Without --oracle neither is needed. Nothing was compared or written.',
  },
  WEIR5030: {
    title: 'a real engine gave no answer',
    exit: 6,
    kind: 'host',
    explain:
      'A rule ran past the deadline in the process of a real engine, or ended that process. It was killed; its rules keep the verdict that the proof against the documents gave.',
  },
  WEIR5031: {
    title: 'manifest of an output folder not understood',
    exit: 2,
    kind: 'user',
    explain:
      '`weir rules convert` keeps weir-manifest.json in the folder of --out: which files it wrote for which script, so that documents of a script that is gone are taken away. The file there is not what weir writes, so weir removes nothing by it. Nothing was written.',
  },
} as const satisfies Record<`WEIR50${number}`, CatalogueEntry>;
