/** The error codes of interception. */
import type { CatalogueEntry } from './entry.ts';

/** Interception. Codes WEIR30xx. */
export const INTERCEPTION_ERRORS = {
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
      'The rules were installed, but real packets did not take the intended path. The sidecar did not accept a connection of the application, or a connection of the sidecar itself was redirected. The rules and the state are as they were before.',
  },
  WEIR3008: {
    title: 'the rollback failed',
    exit: 5,
    kind: 'host',
    explain:
      'Switching on failed, and the rollback failed as well. Run the panic file that the hint names; it needs neither Node nor weir. The kernel drops unproven rules by itself within 20 seconds.',
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
  WEIR3012: {
    title: 'an application is on in the kernel but not in the state file',
    exit: 3,
    kind: 'user',
    explain:
      'The state directory was deleted or replaced while applications were on. Without it, weir cannot compile their rules again. New rules would send them direct without a warning. Name these applications as well, or switch them off first. Nothing was changed.',
  },
  WEIR3013: {
    title: 'state directory of another namespace',
    exit: 3,
    kind: 'user',
    explain:
      'A state directory is about one network namespace. This one remembers applications that are on in another. Give each namespace its own --state-dir and --run-dir. Nothing was changed.',
  },
  WEIR3014: {
    title: 'another application holds the account',
    exit: 3,
    kind: 'user',
    explain:
      'An application that is on selects the same account. mesh.yaml allows no two of these, so the other one was renamed or taken out of mesh.yaml while it was on. Switch it off by its name first. Nothing was changed.',
  },
  WEIR3015: {
    title: 'real traffic would go another way than the proof',
    exit: 3,
    kind: 'host',
    explain:
      "The proof of `weir on` is a connection of its own. Something on this host makes the application's connections go another way: the sidecar runs under another account than mesh.yaml names, a packet filter stops what was redirected, connections are untracked or in a zone, another program uses the connection mark, or the policy covers nothing. The message names it, and the hint holds the literal flag that accepts it. `weir check traffic` shows the same list. Nothing was changed.",
  },
  WEIR3016: {
    title: 'the back end cannot proxy transparently',
    exit: 3,
    kind: 'user',
    explain:
      '`mode: tproxy` of a sidecar works without connection tracking, so the rules themselves must remember the connections that they took. nft has sets that packets write; iptables has none. Nothing was changed.',
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
  WEIR3040: {
    title: 'it could not be looked at',
    exit: 3,
    kind: 'host',
    explain:
      'No rule of weir was found, and not every place could be looked at: a firewall tool is missing or may not read the kernel, or the state file cannot be read. An incomplete search proves nothing, so weir does not report an application as off or direct. Nothing was changed.',
  },
  WEIR3041: {
    title: 'switched on in another network namespace',
    exit: 3,
    kind: 'user',
    explain:
      'The state directory remembers applications that are on in another network namespace, by the device and inode of its file. What is found here says nothing about them. `weir off` and `weir uninstall` go there by themselves when the namespace is found and may be entered; other commands take --netns. Nothing was changed.',
  },
  WEIR3042: {
    title: 'still diverted after the switch',
    exit: 5,
    kind: 'host',
    explain:
      'The kernel accepted the switch that sends an application direct, but its rules ignore it: somebody changed them by hand. Removing the entries of the application did not help either. `weir uninstall` removes every rule of weir.',
  },
} as const satisfies Record<`WEIR30${number}`, CatalogueEntry>;
