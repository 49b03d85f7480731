import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useAdministers } from '@/features/spaces/useSpaces'
import {
  AwsAttachmentUpdateDocument,
  AwsIntegrationDetachDocument,
  AwsOfStackDocument,
  type AwsOfStackQuery,
} from '@/gql/operations'
import { useData, useDeed } from '@/lib/graphql'
import { Accesses } from '@/ui/Access'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { ConfirmDialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Loaded } from '@/ui/Loaded'
import { Notice } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { tell } from '@/ui/toast'
import { AwsAttach } from './AwsAttach'
import { AwsMigrated } from './AwsMigrated'
import { AwsLegacyRole } from './AwsLegacyRole'
import { Outcome } from './AwsTry'

type Attachment = NonNullable<AwsOfStackQuery['stack']>['attachedAwsIntegrations'][number]

/** AWS on a stack: what serves read, what serves write, and the role of its own if it still has one. */
export function AwsOnStack({ stack, space }: { stack: string; space: string }) {
  const query = useData(AwsOfStackDocument, { stack })
  const may = useAdministers()(space)
  const [attaching, setAttaching] = useState(false)
  return (
    <Loaded query={query} rows={3}>
      {(data) => {
        const attachments = data.stack?.attachedAwsIntegrations ?? []
        const free = { read: !attachments.some((one) => one.read), write: !attachments.some((one) => one.write) }
        const legacy = data.stack?.integrations.aws
        return (
          <>
            <Panel
              title="AWS: attached"
              actions={
                may && (free.read || free.write) ? (
                  <Button look="primary" onClick={() => setAttaching(true)}>
                    Attach an integration
                  </Button>
                ) : undefined
              }
            >
              <div className="stack">
                {attachments.length === 0 && <p className="dim">Nothing is attached. A stack has one integration for read and one for write, or one for both.</p>}
                {attachments.map((one) => (
                  <One key={one.id} attachment={one} stack={stack} may={may} others={attachments.filter((other) => other.id !== one.id)} />
                ))}
              </div>
            </Panel>
            {attaching && <AwsAttach stack={stack} free={free} onClose={() => setAttaching(false)} />}
            {data.stack?.legacyRoleMigration && <AwsMigrated stack={stack} migration={data.stack.legacyRoleMigration} may={may} />}
            {legacy?.assumedRoleArn && <AwsLegacyRole stack={stack} role={legacy} may={may} covered={attachments.length > 0} />}
          </>
        )
      }}
    </Loaded>
  )
}

function One({ attachment, stack, may, others }: { attachment: Attachment; stack: string; may: boolean; others: Attachment[] }) {
  const [detaching, setDetaching] = useState(false)
  const name = attachment.integration.name
  const detach = useDeed(AwsIntegrationDetachDocument, () => {
    setDetaching(false)
    tell(`${name} was detached`)
  })
  const update = useDeed(AwsAttachmentUpdateDocument, () => tell('Changed'))
  const change = (read: boolean, write: boolean) => update.mutate({ id: attachment.id, read, write })
  const both = attachment.read && attachment.write
  return (
    <div className="stack tight attachment">
      <div className="row wrap">
        <Accesses read={attachment.read} write={attachment.write} />
        <Link className="strong" to="/cloud-integrations/$cloud/$id/$tab" params={{ cloud: 'aws', id: attachment.integration.id, tab: 'overview' }}>
          <bdi>{name}</bdi>
        </Link>
        <CopyId value={attachment.integration.roleArn} label="role" />
        {may && (
          <span className="row wrap" style={{ marginLeft: 'auto' }}>
            {both ? (
              <>
                <Button onClick={() => change(true, false)} busy={update.isPending}>Serve read only</Button>
                <Button onClick={() => change(false, true)} busy={update.isPending}>Serve write only</Button>
              </>
            ) : (
              others.length === 0 && <Button onClick={() => change(true, true)} busy={update.isPending}>Serve both</Button>
            )}
            <Button look="danger" onClick={() => setDetaching(true)}>
              Detach
            </Button>
          </span>
        )}
      </div>
      <Failure error={update.error} />
      {attachment.warnings.map((warning) => (
        <Notice key={warning} kind="warn">
          <bdi>{warning}</bdi>
        </Notice>
      ))}
      {attachment.verifications
        .filter((tried) => tried.outcome !== 'trusted')
        .map((tried) => (
          <Outcome key={tried.access} id={attachment.integration.id} stack={stack} tried={tried} />
        ))}
      <ConfirmDialog
        open={detaching}
        onClose={() => setDetaching(false)}
        title={`Detach ${name} from ${stack}`}
        effect={`Detach from ${stack}`}
        busy={detach.isPending}
        error={detach.error}
        onConfirm={() => detach.mutate({ id: attachment.id })}
      >
        <p className="sentence">
          Phases that need {both ? 'read or write' : attachment.read ? 'read' : 'write'} will get no AWS credentials of it any more, from the next one on.
        </p>
      </ConfirmDialog>
    </div>
  )
}
