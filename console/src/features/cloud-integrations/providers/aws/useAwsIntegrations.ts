import { type AwsAttachmentFragment, AwsIntegrationsDocument, type AwsIntegrationsQuery } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import type { Integration, Listing, Served } from '../../provider'

export type AwsIntegration = AwsIntegrationsQuery['awsIntegrations'][number]

export function useAws() {
  return useData(AwsIntegrationsDocument, {})
}

export function useAwsIntegrations(): Listing {
  const { data, error, isPending, refetch } = useAws()
  return { data: data?.awsIntegrations.map(listed), error, isPending, refetch }
}

/** The integration of a page, which the page has looked for. */
export function useAwsIntegration(id: string): AwsIntegration | undefined {
  return useAws().data?.awsIntegrations.find((one) => one.id === id)
}

function listed(one: AwsIntegration): Integration {
  return {
    cloud: 'aws',
    id: one.id,
    name: one.name,
    identity: one.roleArn,
    space: one.space,
    labels: one.labels,
    served: servedBy(one),
  }
}

export function servedBy(one: AwsIntegration): Served[] {
  return [
    ...one.attachedStacks.map((attachment) => ({
      stackId: attachment.stackId,
      stackName: attachment.stackName,
      read: attachment.read,
      write: attachment.write,
      automatic: false,
      problems: problems(attachment),
      checkedAt: attachment.verifications.length ? Math.max(...attachment.verifications.map((tried) => tried.checkedAt)) : null,
    })),
    ...one.autoattachedStacks.map((stack) => ({ ...stack, automatic: true, checkedAt: null })),
  ]
}

function problems(attachment: AwsAttachmentFragment): string[] {
  return attachment.verifications
    .filter((tried) => tried.outcome !== 'trusted')
    .map((tried) => `the role ${OUTCOMES[tried.outcome] ?? tried.outcome} (${tried.access}): ${tried.message}`)
}

/** What a trial showed, after “the role”. */
export const OUTCOMES: Record<string, string> = {
  trusted: 'accepts the external ID, and refuses without it',
  untrusted: 'refuses the external ID',
  open: 'is open: it accepts requests without the external ID',
  unknown: 'gave no answer',
}
