import { type FormEvent, useState } from 'react'
import type { ConfigInput } from '@/gql/operations'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Check, SelectField, TextArea, TextField } from '@/ui/Field'

export interface Edited {
  id: string
  type: ConfigInput['type']
  value: string
  writeOnly: boolean
  description: string
}

export const NEW: Edited = { id: '', type: 'ENVIRONMENT_VARIABLE', value: '', writeOnly: false, description: '' }

/** Sets a variable or mounts a file, of a stack or of a context. */
export function ConfigEditor({ from, busy, error, onSave, onClose }: { from: Edited; busy: boolean; error: Error | null; onSave: (config: ConfigInput) => void; onClose: () => void }) {
  const [draft, setDraft] = useState(from)
  const file = draft.type === 'FILE_MOUNT'
  const set = <K extends keyof Edited>(name: K) => (value: Edited[K]) => setDraft({ ...draft, [name]: value })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const value = file ? toBase64(draft.value) : draft.value
    onSave({ id: draft.id.trim(), type: draft.type, value, writeOnly: draft.writeOnly, description: draft.description || null })
  }
  return (
    <Dialog open onClose={onClose} title={from.id ? `Change ${from.id}` : 'Set a variable or mount a file'}>
      <form className="stack" onSubmit={submit}>
        <SelectField label="Kind" value={draft.type} disabled={from.id !== ''} onChange={(value) => set('type')(value as Edited['type'])} options={[{ value: 'ENVIRONMENT_VARIABLE', label: 'Environment variable' }, { value: 'FILE_MOUNT', label: 'Mounted file' }]} />
        <TextField label={file ? 'Path below /mnt/workspace' : 'Name'} mono value={draft.id} onChange={set('id')} required disabled={from.id !== ''} />
        {file ? <TextArea label="Content" mono value={draft.value} onChange={set('value')} rows={8} /> : <TextField label="Value" mono value={draft.value} onChange={set('value')} {...(draft.writeOnly ? { type: 'password' } : {})} />}
        <Check label="Secret" checked={draft.writeOnly} onChange={set('writeOnly')} hint="Never shown again, and masked in logs" />
        <TextField label="Description" value={draft.description} onChange={set('description')} />
        <Failure error={error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={busy} disabled={!draft.id.trim()}>
            {file ? 'Mount the file' : 'Set the variable'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function toBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''))
}

/** Of a mounted file: its text. */
export function fromBase64(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
  } catch {
    return base64
  }
}
