import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useSpaceOptions } from '@/features/spaces/useSpaces'
import { WorkerPoolCreateDocument } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { orNull, words } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Code } from '@/ui/Code'
import { Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { SelectField, TextArea, TextField } from '@/ui/Field'
import { Notice } from '@/ui/Notice'

const REQUEST = 'openssl req -new -newkey rsa:4096 -nodes -subj /CN=pool \\\n  -keyout pool.key -out pool.csr'

export function PoolCreate({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const spaces = useSpaceOptions()
  const [name, setName] = useState('')
  const [space, setSpace] = useState('')
  const [labels, setLabels] = useState('')
  const [csr, setCsr] = useState('')
  const create = useDeed(WorkerPoolCreateDocument)
  const made = create.data?.workerPoolCreate
  if (made) {
    return (
      <Dialog open onClose={onClose} title={`${name} was created`}>
        <Notice>Its workers are started with the private key of the request and this configuration, which holds no secret.</Notice>
        <Code label="configuration" text={made.config} />
        <div className="actions">
          <Button look="primary" onClick={() => void navigate({ to: '/workers/$id', params: { id: made.id } })}>
            To the pool
          </Button>
        </div>
      </Dialog>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({ name: name.trim(), csr: inBase64(csr), space: orNull(space), labels: words(labels), description: null })
  }
  return (
    <Dialog open onClose={onClose} title="New worker pool">
      <form className="stack" onSubmit={submit}>
        <TextField label="Name" value={name} onChange={setName} required />
        <SelectField label="Space" value={space} onChange={setSpace} options={[{ value: '', label: 'the default space' }, ...spaces]} />
        <TextField label="Labels" value={labels} onChange={setLabels} hint="Separated by commas" />
        <p className="dim">The private key is made by you and never leaves your machines:</p>
        <Code label="command" text={REQUEST} />
        <TextArea label="Certificate signing request" mono rows={6} value={csr} onChange={setCsr} placeholder="-----BEGIN CERTIFICATE REQUEST-----" />
        <Failure error={create.error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={create.isPending} disabled={!name.trim() || !csr.trim()}>
            Create {name.trim() || 'the pool'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** The API takes the PEM file in base64; so may whoever has it that way already. */
export function inBase64(csr: string): string {
  return csr.includes('-----BEGIN') ? btoa(`${csr.trim()}\n`) : csr.trim()
}
