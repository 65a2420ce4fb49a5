/** The command `weir operator install`. */
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { manifestText } from '../../fleet/model/manifest-text.ts';
import { installManifests } from '../../fleet/model/operator-manifests.ts';

/** Prints what a cluster needs to be a region. */
export default class OperatorInstallCommand extends WeirCommand<
  typeof OperatorInstallCommand,
  { readonly documents: readonly unknown[]; readonly text: string }
> {
  static override summary = 'Print the manifests of the operator for kubectl apply: kinds, rights, Deployment.';
  static override description =
    'The operator may write SidecarSets, and in its namespace Deployments, Services and the state of weir; it reads pods and no Secret.';
  static override flags = {
    region: Flags.string({ required: true, helpValue: 'REGION', summary: 'The name of the region.' }),
    namespace: Flags.string({ default: 'weir-system', helpValue: 'NAME', summary: 'Where objects of weir live.' }),
    image: Flags.string({ default: 'weir:latest', helpValue: 'IMAGE', summary: 'An image that has weir.' }),
    replicas: Flags.integer({ min: 1, default: 2, helpValue: 'N', summary: 'Operators; one of them leads.' }),
    'pods-of': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAMESPACE',
      summary: 'A namespace whose pods follow the region; may be repeated.',
    }),
  };
  static override examples = ['<%= config.bin %> operator install --region west --pods-of prod | kubectl apply -f -'];

  protected override async execute(): Promise<
    CommandOutcome<{ readonly documents: readonly unknown[]; readonly text: string }>
  > {
    const { region, namespace, image, replicas, 'pods-of': pods } = this.flags;
    const documents = installManifests({ region, namespace, image, replicas, podNamespaces: pods ?? [] });
    const text = manifestText(documents);
    return { result: { documents, text }, text: () => text, isVerbatim: true };
  }
}
