import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { StackDeleteDocument } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { Access } from '@/ui/Access'
import { ConfirmDialog } from '@/ui/Dialog'
import { Check } from '@/ui/Field'
import { Notice } from '@/ui/Notice'
import type { StackHead } from './StackPage'

export function StackDelete({ stack, onClose }: { stack: StackHead; onClose: () => void }) {
  const navigate = useNavigate()
  const [destroy, setDestroy] = useState(false)
  const remove = useDeed(StackDeleteDocument, () => {
    onClose()
    if (!destroy) void navigate({ to: '/stacks' })
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Delete ${stack.name}`}
      effect={destroy ? `Destroy its resources and delete ${stack.id}` : `Delete ${stack.id}`}
      name={stack.id}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: stack.id, destroyResources: destroy })}
    >
      <div className="stack">
        {stack.protectFromDeletion && <Notice kind="warn">It is protected from deletion; its settings say so.</Notice>}
        <p className="sentence">Its runs, logs and settings go{stack.managesStateFile ? ', and its state with all its versions' : ''}.</p>
        <Check
          label="Destroy its resources first"
          checked={destroy}
          onChange={setDestroy}
          hint={
            <>
              <Access access="write" /> A destroy run, without another confirmation. The stack stays if it fails.
            </>
          }
        />
      </div>
    </ConfirmDialog>
  )
}
