import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { AwsIntegrationAttachDocument } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Check, SelectField } from '@/ui/Field'
import { tell } from '@/ui/toast'
import { useAws } from './useAwsIntegrations'

export function AwsAttach({ stack, free, onClose }: { stack: string; free: { read: boolean; write: boolean }; onClose: () => void }) {
  const all = useAws().data?.awsIntegrations ?? []
  const [id, setId] = useState('')
  const [read, setRead] = useState(free.read)
  const [write, setWrite] = useState(free.write && !free.read)
  const attach = useDeed(AwsIntegrationAttachDocument, () => {
    tell('Attached: the role trusts this stack, and refuses others')
    onClose()
  })
  const chosen = all.find((one) => one.id === id)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    attach.mutate({ id, stack, read, write })
  }
  const as = [read && 'read', write && 'write'].filter(Boolean).join(' and ')
  return (
    <Dialog open onClose={onClose} title={`Attach an AWS integration to ${stack}`}>
      <form className="stack" onSubmit={submit}>
        <SelectField label="Integration" value={id} onChange={setId} required options={[{ value: '', label: 'Choose …' }, ...all.map((one) => ({ value: one.id, label: `${one.name} (${one.space})` }))]} hint={chosen?.roleArn} />
        <Check label="Read: initialize and plan" checked={read} onChange={setRead} disabled={!free.read} hint={free.read ? undefined : 'another integration serves it'} />
        <Check label="Write: apply, tasks and destroy" checked={write} onChange={setWrite} disabled={!free.write} hint={free.write ? undefined : 'another integration serves it'} />
        <Failure error={attach.error} />
        {attach.error && chosen && (
          <Link className="button" to="/cloud-integrations/$cloud/$id/$tab" params={{ cloud: 'aws', id, tab: 'trust' }} search={{ stack, access: read && write ? 'rw' : read ? 'r' : 'w' }}>
            Show the trust policy that it needs
          </Link>
        )}
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={attach.isPending} disabled={!id || !(read || write)}>
            {chosen && as ? `Attach ${chosen.name} for ${as}` : 'Attach'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
