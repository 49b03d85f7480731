import { type FormEvent, useState } from 'react'
import { useSpaceName, useSpaces } from '@/features/spaces/useSpaces'
import { ApiKeyCreateDocument, ApiKeyDeleteDocument, type ApiKeysQuery, type SpaceAccessLevel } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { ConfirmDialog, Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Check, Options, TextField } from '@/ui/Field'
import { Notice } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { Table } from '@/ui/Table'
import { Time } from '@/ui/Time'

type Key = ApiKeysQuery['apiKeys'][number]
const LEVELS: Record<SpaceAccessLevel, string> = { READ: 'reader', WRITE: 'writer', ADMIN: 'admin' }

export function ApiKeys({ keys }: { keys: Key[] }) {
  const spaceName = useSpaceName()
  const [creating, setCreating] = useState(false)
  const [revoking, setRevoking] = useState<Key | null>(null)
  const revoke = useDeed(ApiKeyDeleteDocument, () => setRevoking(null))
  return (
    <Panel title="API keys" flush actions={<Button look="primary" onClick={() => setCreating(true)}>Create an API key</Button>}>
      <Table columns={['Name', 'ID', 'May', 'Last used', 'Ends', { hidden: 'Actions' }]}>
        {keys.map((key) => (
          <tr key={key.id}>
            <td data-label="">
              <bdi className="strong">{key.name}</bdi>
              <div className="dim small">
                by <bdi>{key.creator}</bdi> <Time at={key.createdAt} />
              </div>
            </td>
            <td data-label="">
              <CopyId value={key.id} />
            </td>
            <td data-label="">{key.admin ? 'administer the account' : key.accessRules.map((rule) => `${LEVELS[rule.spaceAccessLevel]} in ${spaceName(rule.space)}`).join(', ') || 'nothing'}</td>
            <td data-label="used">{key.lastUsedAt ? <Time at={key.lastUsedAt} /> : 'never'}</td>
            <td data-label="ends">{key.expiresAt ? <Time at={key.expiresAt} /> : 'when revoked'}</td>
            <td data-label="" className="shrink">
              <Button look="danger" onClick={() => setRevoking(key)} aria-label={`Revoke ${key.name}`}>
                Revoke
              </Button>
            </td>
          </tr>
        ))}
      </Table>
      {creating && <Create onClose={() => setCreating(false)} />}
      <ConfirmDialog open={revoking !== null} onClose={() => setRevoking(null)} title={`Revoke ${revoking?.name}`} effect={`Revoke ${revoking?.name}`} name={revoking?.name ?? ''} busy={revoke.isPending} error={revoke.error} onConfirm={() => revoking && revoke.mutate({ id: revoking.id })}>
        <p>Its tokens and its logins to the console are refused from then on.</p>
      </ConfirmDialog>
    </Panel>
  )
}

function Create({ onClose }: { onClose: () => void }) {
  const spaces = useSpaces()
  const [name, setName] = useState('')
  const [admin, setAdmin] = useState(false)
  const [until, setUntil] = useState('')
  const [roles, setRoles] = useState<Record<string, SpaceAccessLevel>>({})
  const create = useDeed(ApiKeyCreateDocument)
  const made = create.data?.apiKeyCreate
  if (made) {
    return (
      <Dialog open onClose={onClose} title={`${name} was created`}>
        <Notice kind="warn">The secret is shown here, and never again.</Notice>
        <dl className="facts">
          <dt>ID</dt>
          <dd>
            <CopyId value={made.id} whole label="ID" />
          </dd>
          <dt>Secret</dt>
          <dd>
            <CopyId value={made.secret} whole label="secret" />
          </dd>
        </dl>
        <div className="actions">
          <Button look="primary" onClick={onClose}>
            I have stored the secret
          </Button>
        </div>
      </Dialog>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({
      input: {
        name: name.trim(),
        admin,
        teams: [],
        expiresAt: until ? Math.floor(new Date(until).getTime() / 1000) : null,
        accessRules: admin ? [] : Object.entries(roles).map(([space, spaceAccessLevel]) => ({ space, spaceAccessLevel })),
      },
    })
  }
  return (
    <Dialog open onClose={onClose} title="New API key">
      <form className="stack" onSubmit={submit}>
        <TextField label="Name" value={name} onChange={setName} required />
        <TextField label="Ends" type="datetime-local" value={until} onChange={setUntil} hint="Empty: when it is revoked" />
        <Check label="Administers the account" checked={admin} onChange={setAdmin} />
        {!admin && (
          <fieldset className="stack tight" style={{ border: 0, padding: 0, margin: 0 }}>
            <legend>Roles, which hold below their space too</legend>
            {spaces.map((space) => (
              <div key={space.id} className="row between">
                <bdi>{space.name}</bdi>
                <Options
                  aria-label={`Role in ${space.name}`}
                  style={{ width: 140 }}
                  value={roles[space.id] ?? ''}
                  onChange={(level) => {
                    const { [space.id]: _, ...others } = roles
                    setRoles(level ? { ...others, [space.id]: level as SpaceAccessLevel } : others)
                  }}
                  options={[{ value: '', label: 'none' }, ...Object.entries(LEVELS).map(([value, label]) => ({ value, label }))]}
                />
              </div>
            ))}
          </fieldset>
        )}
        <Failure error={create.error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={create.isPending} disabled={!name.trim()}>
            Create {name.trim() || 'the key'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
