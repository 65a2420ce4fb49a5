/** The error codes for wrong usage and unreadable input. */
import type { CatalogueEntry } from './entry.ts';

/** Usage and configuration. Codes WEIR10xx. */
export const USAGE_ERRORS = {
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
      '`weir on` and `weir off` change traffic, so each needs an application: name one or more, or give --all. Nothing was done.',
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
  WEIR1030: {
    title: 'a file there is not of weir',
    exit: 3,
    kind: 'user',
    explain: '`weir metrics rules` and `dashboard` write over files that they wrote themselves, and over no others.',
  },
  WEIR1031: {
    title: 'files could not be written',
    exit: 3,
    kind: 'host',
    explain: 'The folder that --out names cannot be made or written.',
  },
} as const satisfies Record<`WEIR10${number}`, CatalogueEntry>;
