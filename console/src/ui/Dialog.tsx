import { Dialog as Base } from '@base-ui/react/dialog'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Button } from './Button'
import { Failure } from './Failure'
import { TextField } from './Field'

export function Dialog({ open, onClose, title, children }: { open: boolean; onClose: () => void; title: string; children: ReactNode }) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="dialog-back" />
        <Base.Popup className="dialog">
          <Base.Title render={<h2 />}>{title}</Base.Title>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}

interface Confirm {
  open: boolean
  onClose: () => void
  title: string
  /** What the button says: the effect. */
  effect: string
  /** What has to be typed; nothing when left out. */
  name?: string
  danger?: boolean
  busy: boolean
  error: Error | null
  onConfirm: () => void
  disabled?: boolean
  children?: ReactNode
}

/** Asks once more; where much is lost, for the name. */
export function ConfirmDialog({ open, onClose, title, effect, name, danger = true, busy, error, onConfirm, disabled, children }: Confirm) {
  const [typed, setTyped] = useState('')
  const ready = (name === undefined || typed === name) && !disabled
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready && !busy) onConfirm()
  }
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <form className="stack" onSubmit={submit}>
        {children}
        {name !== undefined && <TextField label={`Type ${name} to confirm`} value={typed} onChange={setTyped} mono autoFocus />}
        <Failure error={error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look={danger ? 'danger' : 'primary'} disabled={!ready} busy={busy}>
            {effect}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
