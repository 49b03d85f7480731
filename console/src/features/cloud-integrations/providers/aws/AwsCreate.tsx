import { useNavigate } from '@tanstack/react-router'
import { AwsAccountDocument, AwsIntegrationCreateDocument } from '@/gql/operations'
import { useData, useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { Failure } from '@/ui/Failure'
import { Panel } from '@/ui/Panel'
import { AwsFields, useDraft, variables } from './AwsFields'
import { useViewer } from '@/app/Gate'

export function AwsCreate() {
  const navigate = useNavigate()
  const viewer = useViewer()
  const account = useData(AwsAccountDocument, {})
  const [draft, setDraft] = useDraft()
  const create = useDeed(AwsIntegrationCreateDocument, (made) => {
    void navigate({ to: '/cloud-integrations/$cloud/$id/$tab', params: { cloud: 'aws', id: made.awsIntegrationCreate.id, tab: 'trust' } })
  })
  return (
    <div className="columns">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          create.mutate(variables(draft))
        }}
      >
        <AwsFields draft={draft} onChange={setDraft} error={create.error} />
        <Failure error={create.error} />
        <div>
          <Button type="submit" look="primary" busy={create.isPending} disabled={!draft.name.trim() || !draft.roleArn.trim()}>
            Create {draft.name.trim() || 'the integration'}
          </Button>
        </div>
      </form>
      <Panel title="What the role must be told">
        <div className="stack tight">
          <p>
            The role’s trust policy names this installation
            {account.data?.spaceliftAwsAccountId ? (
              <>
                {' '}(AWS account <CopyId value={account.data.spaceliftAwsAccountId} />)
              </>
            ) : null}{' '}
            and the external IDs of the stacks and accesses that may use it:
          </p>
          <p className="mono anywhere">
            {viewer.account}@<em>integration</em>@<em>stack</em>@read
            <br />
            {viewer.account}@<em>integration</em>@<em>stack</em>@write
          </p>
          <p className="dim">The integration’s ID is made when it is created. The next page has the policy, for the stacks that you choose, as JSON and as Terraform.</p>
          <p className="dim">A plan only ever gets <b>read</b>. An apply gets <b>write</b>. Give each a role of its own, or one role both.</p>
        </div>
      </Panel>
    </div>
  )
}
