import { useQuery } from '@tanstack/react-query'
import { AwsTrustDocument, AwsVerifyDocument, type AwsVerificationFragment } from '@/gql/operations'
import { request, useDeed } from '@/lib/graphql'
import { Access } from '@/ui/Access'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { Failure } from '@/ui/Failure'
import { Panel } from '@/ui/Panel'
import { Time } from '@/ui/Time'
import { OUTCOMES } from './useAwsIntegrations'

/** Tries the role now, as attaching would. */
export function AwsTry({ id, stack, read, write }: { id: string; stack: string; read: boolean; write: boolean }) {
  const verify = useDeed(AwsVerifyDocument)
  const same = verify.variables?.stack === stack
  return (
    <Panel
      title="Does the role trust it?"
      actions={
        <Button look="primary" busy={verify.isPending} onClick={() => verify.mutate({ id, stack, read, write })}>
          Verify now
        </Button>
      }
    >
      <div className="stack tight">
        <p className="dim">For each access three requests go to STS: with the external ID, which must be accepted, then without one and with a random one, which must be refused. The credentials are thrown away.</p>
        {same && <Failure error={verify.error} />}
        {same && verify.data?.awsIntegrationVerify.map((tried) => <Outcome key={tried.access} id={id} stack={stack} tried={tried} />)}
      </div>
    </Panel>
  )
}

export function Outcome({ id, stack, tried }: { id: string; stack: string; tried: AwsVerificationFragment }) {
  const read = tried.access === 'read'
  const sent = useQuery({
    queryKey: ['trust', id, stack, read, !read],
    queryFn: () => request(AwsTrustDocument, { id, stack, read, write: !read }),
    retry: false,
  })
  const good = tried.outcome === 'trusted'
  const externalId = sent.data?.awsIntegration?.externalIdForStack.externalId
  return (
    <div className={`notice ${good ? 'good' : 'fail'}`}>
      <Access access={tried.access} />
      <div className="stack tight grow">
        <p>
          {good ? '✓' : '✗'} The role {OUTCOMES[tried.outcome] ?? tried.outcome}. <span className="dim"><Time at={tried.checkedAt} /></span>
        </p>
        {externalId && (
          <p className="small">
            sent: <CopyId value={externalId} whole label="external ID" />
          </p>
        )}
        {tried.message && <p className="small anywhere"><bdi>{tried.message}</bdi></p>}
      </div>
    </div>
  )
}
