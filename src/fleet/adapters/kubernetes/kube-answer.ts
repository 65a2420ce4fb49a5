/** What an API server answers: objects and refusals. */
import { StoreFailure } from '../../ports.ts';

/** An object of any kind, as the API server gives it. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly creationTimestamp?: string;
    readonly managedFields?: readonly { readonly time?: string }[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has fields of its own.
  readonly [field: string]: any;
}

/** How the server refused a request: its status and its reason, such as Conflict, AlreadyExists, NotFound, Expired. */
export class KubeRefusal extends StoreFailure {
  readonly status: number;
  readonly reason: string;
  /** Fields that somebody else owns, with who does, such as `kubectl-edit: .spec.replicas`; none but for server-side apply. */
  readonly owned: readonly string[];

  constructor(message: string, status: number, reason: string, owned: readonly string[] = []) {
    // A server that gave up in the middle may have stored it.
    super(message, status >= 500 ? 'unknown' : 'refused');
    this.status = status;
    this.reason = reason;
    this.owned = owned;
  }
}

/** A cause of a refusal, as the server gives it. */
export interface KubeCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** The fields of a conflict of server-side apply, with their managers: `conflict with "kubectl-edit" using apps/v1`. */
export function ownedFields(causes: readonly KubeCause[] = []): readonly string[] {
  return causes.flatMap(({ reason, message = '', field = '' }) => {
    if (reason !== 'FieldManagerConflict') return [];
    return [`${/"([^"]*)"/.exec(message)?.[1] ?? 'somebody else'}: ${field}`];
  });
}
