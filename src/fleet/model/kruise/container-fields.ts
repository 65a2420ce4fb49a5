/** The fields of a container of a SidecarSet: those of Kubernetes' core/v1 and those of OpenKruise. Pure. */
import { nearestWord } from '../../../mesh/nearest-word.ts';
import type { ConfigPath } from '../../../mesh/yaml/config-problem.ts';

/** Fields of a map; `true`: any value. An array of one is a list of such maps. */
interface Shape {
  readonly [field: string]: true | Shape | readonly [Shape];
}

const HTTP_GET: Shape = {
  path: true,
  port: true,
  host: true,
  scheme: true,
  httpHeaders: [{ name: true, value: true }],
};
const EXEC: Shape = { command: true };
const TCP: Shape = { port: true, host: true };
const HANDLER: Shape = { exec: EXEC, httpGet: HTTP_GET, tcpSocket: TCP, sleep: { seconds: true } };
const PROBE: Shape = {
  ...{ exec: EXEC, httpGet: HTTP_GET, tcpSocket: TCP, grpc: { port: true, service: true } },
  ...{ initialDelaySeconds: true, timeoutSeconds: true, periodSeconds: true, successThreshold: true },
  ...{ failureThreshold: true, terminationGracePeriodSeconds: true },
};
const KEY_REF: Shape = { name: true, key: true, optional: true };
const FILE_KEY: Shape = { volumeName: true, path: true, key: true, optional: true };
const VALUE_FROM: Shape = {
  fieldRef: { apiVersion: true, fieldPath: true },
  resourceFieldRef: { containerName: true, resource: true, divisor: true },
  ...{ configMapKeyRef: KEY_REF, secretKeyRef: KEY_REF, fileKeyRef: FILE_KEY },
};

const CONTAINER: Shape = {
  ...{ name: true, image: true, command: true, args: true, workingDir: true, imagePullPolicy: true },
  ...{ stdin: true, stdinOnce: true, tty: true, terminationMessagePath: true, terminationMessagePolicy: true },
  ...{ restartPolicy: true, restartPolicyRules: true },
  ports: [{ name: true, hostPort: true, containerPort: true, protocol: true, hostIP: true }],
  envFrom: [{ prefix: true, configMapRef: { name: true, optional: true }, secretRef: { name: true, optional: true } }],
  env: [{ name: true, value: true, valueFrom: VALUE_FROM }],
  resources: { limits: true, requests: true, claims: true },
  resizePolicy: [{ resourceName: true, restartPolicy: true }],
  volumeMounts: [
    {
      ...{ name: true, readOnly: true, recursiveReadOnly: true, mountPath: true, subPath: true },
      ...{ mountPropagation: true, subPathExpr: true },
    },
  ],
  volumeDevices: [{ name: true, devicePath: true }],
  ...{ livenessProbe: PROBE, readinessProbe: PROBE, startupProbe: PROBE },
  lifecycle: { postStart: HANDLER, preStop: HANDLER, stopSignal: true },
  securityContext: {
    capabilities: { add: true, drop: true },
    ...{ privileged: true, seLinuxOptions: true, windowsOptions: true, runAsUser: true, runAsGroup: true },
    ...{ runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: true, procMount: true },
    ...{ seccompProfile: true, appArmorProfile: true },
  },
  // OpenKruise's own.
  podInjectPolicy: true,
  upgradeStrategy: { upgradeType: true, hotUpgradeEmptyImage: true },
  shareVolumePolicy: { type: true },
  shareVolumeDevicePolicy: { type: true },
  transferEnv: [{ sourceContainerName: true, sourceContainerNameFrom: true, envName: true, envNames: true }],
  resourcesPolicy: { targetContainersMode: true, targetContainersNameRegex: true, resourcesExpr: true },
};

/** A field that is not there, and the one that may be meant. */
export interface UnknownField {
  readonly path: ConfigPath;
  readonly near: string | null;
}

/** The fields of a container that nobody knows, at any depth. */
export function unknownFields(container: unknown): readonly UnknownField[] {
  return [...walk(container, CONTAINER, [])];
}

function* walk(value: unknown, shape: Shape, path: ConfigPath): Generator<UnknownField> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [field, inner] of Object.entries(value)) {
    const known = Object.hasOwn(shape, field) ? shape[field] : undefined;
    const own = [...path, field];
    if (known === undefined) yield { path: own, near: nearestWord(field, Object.keys(shape)) };
    else if (Array.isArray(known)) {
      const [item] = known as readonly [Shape];
      for (const [index, one] of (Array.isArray(inner) ? inner : []).entries()) yield* walk(one, item, [...own, index]);
    } else if (known !== true) yield* walk(inner, known as Shape, own);
  }
}
