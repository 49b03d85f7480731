import { AwsIntegrationUpdateDocument } from '@/gql/operations'
import { useAdministers } from '@/features/spaces/useSpaces'
import { useDeed } from '@/lib/graphql'
import { count } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Failure } from '@/ui/Failure'
import { Notice } from '@/ui/Notice'
import { tell } from '@/ui/toast'
import { AwsFields, useDraft, variables } from './AwsFields'
import { type AwsIntegration, useAwsIntegration } from './useAwsIntegrations'

export function AwsEdit({ id }: { id: string }) {
  const found = useAwsIntegration(id)
  return found ? <Form key={id} integration={found} /> : null
}

function Form({ integration }: { integration: AwsIntegration }) {
  const administers = useAdministers()
  const [draft, setDraft] = useDraft(integration)
  const update = useDeed(AwsIntegrationUpdateDocument, () => tell('Saved'))
  const stacks = integration.attachedStacks.length
  if (!administers(integration.space)) {
    return <Notice>Changing it needs the role admin in its space.</Notice>
  }
  return (
    <form
      className="stack"
      style={{ maxWidth: 640 }}
      onSubmit={(event) => {
        event.preventDefault()
        update.mutate({ id: integration.id, ...variables(draft) })
      }}
    >
      {stacks > 0 && <Notice>It is attached to {count(stacks, 'stack')}. What is sent to AWS is tried for each before a change is saved, which may take half a minute.</Notice>}
      <AwsFields draft={draft} onChange={setDraft} error={update.error} />
      <Failure error={update.error} />
      <div>
        <Button type="submit" look="primary" busy={update.isPending}>
          Save {integration.name}
        </Button>
      </div>
    </form>
  )
}
