import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { AwsVerifyDocument } from '@/gql/operations'
import { request } from '@/lib/graphql'
import { count } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Failure } from '@/ui/Failure'
import { Empty, Notice } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { Outcome } from './AwsTry'
import { useAwsIntegration } from './useAwsIntegrations'

/** What the newest trial showed for each stack, and trying all of them now. */
export function AwsVerifications({ id }: { id: string }) {
  const one = useAwsIntegration(id)
  const client = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  if (!one) return null
  const verifyAll = async () => {
    setBusy(true)
    setError(null)
    try {
      for (const { stackId, read, write } of one.attachedStacks) {
        await request(AwsVerifyDocument, { id, stack: stackId, read, write })
      }
    } catch (caught) {
      setError(caught as Error)
    } finally {
      setBusy(false)
      await client.invalidateQueries()
    }
  }
  if (one.generateCredentialsInWorker) return <Notice>The workers of private pools assume this role, and try it themselves before its first use. This server can’t.</Notice>
  return (
    <div className="stack">
      <div className="row between wrap">
        <p className="dim sentence">Attaching, and each change of the role, tries it first. What came back last stands here.</p>
        {one.attachedStacks.length > 0 && (
          <Button look="primary" busy={busy} onClick={verifyAll}>
            Verify {count(one.attachedStacks.length, 'stack')} now
          </Button>
        )}
      </div>
      <Failure error={error} />
      {one.attachedStacks.length === 0 && (
        <Empty title="Nothing to verify yet">
          <p>It is attached to no stack. The trust policy page tries it for any stack.</p>
        </Empty>
      )}
      {one.attachedStacks.map((attachment) => (
        <Panel
          key={attachment.id}
          title={
            <Link to="/stacks/$id/$tab" params={{ id: attachment.stackId, tab: 'access' }}>
              <bdi>{attachment.stackName}</bdi>
            </Link>
          }
        >
          <div className="stack tight">
            {attachment.verifications.map((tried) => (
              <Outcome key={tried.access} id={id} stack={attachment.stackId} tried={tried} />
            ))}
            {attachment.verifications.length === 0 && <p className="dim">Not tried yet.</p>}
          </div>
        </Panel>
      ))}
    </div>
  )
}
