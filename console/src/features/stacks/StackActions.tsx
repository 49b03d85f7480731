import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import {
  RunTriggerDocument,
  type RunType,
  StackDisableDocument,
  StackEnableDocument,
  StackLockDocument,
  StackUnlockDocument,
  TaskCreateDocument,
} from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { orNull } from '@/lib/text'
import { Access } from '@/ui/Access'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Check, SelectField, TextField } from '@/ui/Field'
import { Menu } from '@/ui/Menu'
import { Notice } from '@/ui/Notice'
import { tell } from '@/ui/toast'
import { StackDelete } from './StackDelete'
import type { StackHead } from './StackPage'

type Open = 'run' | 'task' | 'lock' | 'delete' | null

export function StackActions({ stack }: { stack: StackHead }) {
  const [open, setOpen] = useState<Open>(null)
  const failed = (error: Error) => tell(error.message)
  const unlock = useDeed(StackUnlockDocument)
  const enable = useDeed(StackEnableDocument)
  const disable = useDeed(StackDisableDocument)
  const close = () => setOpen(null)
  const administers = stack.spaceDetails.accessLevel === 'ADMIN'
  if (!stack.canWrite) return null
  const id = stack.id
  return (
    <>
      <Button look="primary" onClick={() => setOpen('run')}>
        Start a run
      </Button>
      <Button onClick={() => setOpen('task')}>Run a task</Button>
      <Menu
        label="More"
        items={[
          stack.lockedBy
            ? { label: 'Unlock', onSelect: () => unlock.mutate({ id }, { onError: failed }) }
            : { label: 'Lock …', onSelect: () => setOpen('lock') },
          ...(administers
            ? [
                stack.isDisabled
                  ? { label: 'Enable', onSelect: () => enable.mutate({ id }, { onError: failed }) }
                  : { label: 'Disable', onSelect: () => disable.mutate({ id }, { onError: failed }) },
                { label: 'Delete …', onSelect: () => setOpen('delete') },
              ]
            : []),
        ]}
      />
      {open === 'run' && <StartRun stack={stack} onClose={close} />}
      {open === 'task' && <StartTask stack={stack} onClose={close} />}
      {open === 'lock' && <Lock stack={stack} onClose={close} />}
      {open === 'delete' && <StackDelete stack={stack} onClose={close} />}
    </>
  )
}

function StartRun({ stack, onClose }: { stack: StackHead; onClose: () => void }) {
  const navigate = useNavigate()
  const [type, setType] = useState<RunType>('TRACKED')
  const [commit, setCommit] = useState('')
  const start = useDeed(RunTriggerDocument, (made) => {
    void navigate({ to: '/stacks/$id/runs/$run', params: { id: stack.id, run: made.runTrigger.id } })
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    start.mutate({ stack: stack.id, runType: type, commitSha: orNull(commit) })
  }
  return (
    <Dialog open onClose={onClose} title={`Start a run of ${stack.name}`}>
      <form className="stack" onSubmit={submit}>
        <SelectField label="Kind" value={type} onChange={(value) => setType(value as RunType)} options={[{ value: 'TRACKED', label: 'Tracked: plans, and applies once somebody confirms' }, { value: 'PROPOSED', label: 'Proposed: only plans' }]} />
        <p className="row">
          <Access access={type === 'PROPOSED' ? 'read' : 'write'} />
          {type === 'PROPOSED' ? 'This run can only read.' : 'Its plan reads; its apply writes.'}
        </p>
        <TextField label="Commit" mono value={commit} onChange={setCommit} placeholder={stack.trackedCommit?.hash ?? `the head of ${stack.branch}`} hint={`Empty: ${stack.trackedCommitSetBy ? 'the commit that the stack is pinned to' : `the head of ${stack.branch}`}`} />
        <Failure error={start.error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={start.isPending}>
            Start the {type.toLowerCase()} run
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function StartTask({ stack, onClose }: { stack: StackHead; onClose: () => void }) {
  const navigate = useNavigate()
  const [command, setCommand] = useState('')
  const [skip, setSkip] = useState(false)
  const start = useDeed(TaskCreateDocument, (made) => {
    void navigate({ to: '/stacks/$id/runs/$run', params: { id: stack.id, run: made.taskCreate.id } })
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    start.mutate({ stack: stack.id, command, skipInitialization: skip })
  }
  return (
    <Dialog open onClose={onClose} title={`Run a task on ${stack.name}`}>
      <form className="stack" onSubmit={submit}>
        <Notice kind="warn">
          <Access access="write" /> The command is any code, with the stack’s write credentials.
        </Notice>
        <TextField label="Command" mono value={command} onChange={setCommand} required placeholder="terraform state list" />
        <Check label="Skip the initialization" checked={skip} onChange={setSkip} />
        <Failure error={start.error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={start.isPending} disabled={!command.trim()}>
            Run the task
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Lock({ stack, onClose }: { stack: StackHead; onClose: () => void }) {
  const [note, setNote] = useState('')
  const lock = useDeed(StackLockDocument, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    lock.mutate({ id: stack.id, note: orNull(note) })
  }
  return (
    <Dialog open onClose={onClose} title={`Lock ${stack.name}`}>
      <form className="stack" onSubmit={submit}>
        <p>Only you trigger and confirm then. Proposed runs go on.</p>
        <TextField label="Note" value={note} onChange={setNote} placeholder="why, for the others" />
        <Failure error={lock.error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={lock.isPending}>
            Lock {stack.name}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
