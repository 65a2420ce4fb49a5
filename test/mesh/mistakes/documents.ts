/** A mesh.yaml with a mistake; what weir says about it stands under its name in test/fixtures/mesh-mistakes. */
export interface Mistake {
  readonly name: string;
  readonly yaml: string;
}

/** A valid file with a sidecar `main` (lines 1 to 3), followed by `rest`. */
export function withSidecar(rest: string): string {
  const main = '{user: envoy, outbound: 15001, inbound: 15006, admin: "http://127.0.0.1:15000"}';
  return `apiVersion: weir.dev/v1\nsidecars:\n  main: ${main}\n${rest}`;
}

/** A file whose one sidecar has these keys, from line 4 on. */
export function sidecarOf(keys: string): string {
  return `apiVersion: weir.dev/v1\nsidecars:\n  main:\n${indent(keys, 4)}`;
}

/** A file whose one sidecar is complete but for these keys, from line 6 on. */
export function sidecarWith(keys: string): string {
  return sidecarOf(`user: envoy\nadmin: "http://127.0.0.1:15000"\n${keys}`);
}

/** A file whose one sidecar is run by weir, with these keys from line 8 on. */
export function managedWith(keys: string): string {
  return sidecarWith(`binary: /usr/bin/envoy\nbootstrap: /etc/envoy.yaml\n${keys}`);
}

/** A valid sidecar and these entries under `apps`, from line 5 on. */
export function appsOf(entries: string): string {
  return withSidecar(`apps:\n${indent(entries, 2)}`);
}

/** A valid sidecar and an app `pay` with these keys, from line 6 on. */
export function appOf(keys: string): string {
  return withSidecar(`apps:\n  pay:\n${indent(keys, 4)}`);
}

/** The app `pay` with this selector, on line 6. */
export function appSelecting(select: string): string {
  return appOf(`select: ${select}\nsidecar: main`);
}

/** The app `pay`, complete but for these keys, from line 8 on. */
export function appWith(keys: string): string {
  return appOf(`select: {user: pay}\nsidecar: main\n${keys}`);
}

function indent(text: string, spaces: number): string {
  return `${text.replace(/^/gm, ' '.repeat(spaces))}\n`;
}
