import { type FormEvent, useState } from 'react'
import { AwsLegacyRoleDeleteDocument, AwsLegacyRoleSetDocument, type AwsOfStackQuery } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { orNull, pretty } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Code } from '@/ui/Code'
import { CopyId } from '@/ui/CopyId'
import { ConfirmDialog, Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Check, TextField } from '@/ui/Field'
import { Notice } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { AwsMigrate } from './AwsMigrate'
import { tell } from '@/ui/toast'

type Role = NonNullable<AwsOfStackQuery['stack']>['integrations']['aws']

/** The role of a stack's own, older than integrations: shown, edited and deleted, never made here. */
export function AwsLegacyRole({ stack, role, may, covered }: { stack: string; role: Role; may: boolean; covered: boolean }) {
  const [editing, setEditing] = useState(false)
  const [deleting, setDeleting] = useState(false)
  const [migrating, setMigrating] = useState(false)
  const remove = useDeed(AwsLegacyRoleDeleteDocument, () => {
    setDeleting(false)
    tell('The role was removed from the stack')
  })
  return (
    <Panel
      title="AWS: legacy role"
      actions={
        may ? (
          <>
            <Button look="primary" onClick={() => setMigrating(true)}>
              Migrate
            </Button>
            <Button onClick={() => setEditing(true)}>Edit</Button>
            <Button look="danger" onClick={() => setDeleting(true)}>
              Delete
            </Button>
          </>
        ) : undefined
      }
    >
      <div className="stack">
        <Notice kind="warn">{covered ? 'While both exist, it serves what no attachment covers.' : 'It serves read and write alike. An integration tells them apart.'}</Notice>
        <dl className="facts">
          <dt>Role</dt>
          <dd>
            <CopyId value={role.assumedRoleArn ?? ''} whole />
          </dd>
          {role.externalID && (
            <>
              <dt>External ID</dt>
              <dd>
                <CopyId value={role.externalID} whole />
              </dd>
            </>
          )}
          <dt>Sessions</dt>
          <dd>
            {role.durationSeconds ?? '—'} s{role.region ? `, by the STS endpoint of ${role.region}` : ''}
          </dd>
          <dt>Assumed by</dt>
          <dd>{role.generateCredentialsInWorker ? 'the workers of its private pool' : 'the server'}</dd>
        </dl>
        <details>
          <summary>Trust statement</summary>
          <Code label="trust statement" text={pretty(role.assumeRolePolicyStatement)} />
        </details>
      </div>
      {migrating && <AwsMigrate stack={stack} onClose={() => setMigrating(false)} />}
      {editing && <Edit stack={stack} role={role} onClose={() => setEditing(false)} />}
      <ConfirmDialog
        open={deleting}
        onClose={() => setDeleting(false)}
        title={`Remove the legacy role from ${stack}`}
        effect="Remove the legacy role"
        name={stack}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate({ id: stack })}
      >
        <p className="sentence">What no attachment covers will have no AWS credentials any more. The console makes no new legacy roles; the role in AWS stays as it is.</p>
      </ConfirmDialog>
    </Panel>
  )
}

function Edit({ stack, role, onClose }: { stack: string; role: Role; onClose: () => void }) {
  const [arn, setArn] = useState(role.assumedRoleArn ?? '')
  const [duration, setDuration] = useState(String(role.durationSeconds ?? ''))
  const [region, setRegion] = useState(role.region ?? '')
  const [inWorker, setInWorker] = useState(role.generateCredentialsInWorker)
  const [externalId, setExternalId] = useState(role.externalID ?? '')
  const save = useDeed(AwsLegacyRoleSetDocument, () => {
    tell('Saved')
    onClose()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({
      id: stack,
      roleArn: arn.trim(),
      durationSeconds: Number.parseInt(duration, 10) || null,
      region: orNull(region),
      generateCredentialsInWorker: inWorker,
      externalID: inWorker ? orNull(externalId) : null,
    })
  }
  return (
    <Dialog open onClose={onClose} title={`Legacy role of ${stack}`}>
      <form className="stack" onSubmit={submit}>
        <TextField label="Role ARN" mono value={arn} onChange={setArn} required />
        <TextField label="Session duration in seconds" value={duration} onChange={setDuration} inputMode="numeric" />
        <TextField label="Region of the STS endpoint" mono value={region} onChange={setRegion} />
        <Check label="Workers of the private pool assume it" checked={inWorker} onChange={setInWorker} />
        {inWorker && <TextField label="Custom external ID" mono value={externalId} onChange={setExternalId} />}
        <Failure error={save.error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            Save the legacy role
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
