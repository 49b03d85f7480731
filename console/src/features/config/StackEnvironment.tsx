import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { StackConfigAddDocument, StackConfigDeleteDocument, StackConfigDocument } from '@/gql/operations'
import type { StackHead } from '@/features/stacks/StackPage'
import { useData, useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { ConfirmDialog } from '@/ui/Dialog'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { Table } from '@/ui/Table'
import { ConfigEditor, type Edited, NEW, fromBase64 } from './ConfigEditor'
import { ElementRow } from './ElementRow'

/** What a run would get if it started now, with where each comes from. */
export function StackEnvironment({ stack }: { stack: StackHead }) {
  const query = useData(StackConfigDocument, { id: stack.id })
  const [editing, setEditing] = useState<Edited | null>(null)
  const [removing, setRemoving] = useState<string | null>(null)
  const add = useDeed(StackConfigAddDocument, () => setEditing(null))
  const remove = useDeed(StackConfigDeleteDocument, () => setRemoving(null))
  const may = stack.canWrite
  return (
    <Panel
      title="Variables and files, as a run gets them"
      flush
      actions={
        may ? (
          <Button look="primary" onClick={() => setEditing(NEW)}>
            Set a variable or file
          </Button>
        ) : undefined
      }
    >
      <Loaded query={query}>
        {(data) => {
          const all = data.stack?.effectiveConfig ?? []
          if (all.length === 0) {
            return (
              <Empty title="Nothing is set">
                <p className="sentence">A run gets variables and files of its stack and of its contexts, and nothing of the machine that it runs on.</p>
              </Empty>
            )
          }
          return (
            <Table columns={['Name', 'Value', 'Kind', 'From', { hidden: 'Actions' }]}>
              {all.map(({ element, context, hides }) => (
                <ElementRow
                  key={`${element.type} ${element.id}`}
                  element={element}
                  from={
                    <>
                      {context ? (
                        <Link to="/contexts/$id/$tab" params={{ id: context.contextId, tab: 'environment' }}>
                          <bdi>{context.contextName}</bdi>
                        </Link>
                      ) : (
                        'the stack'
                      )}
                      {hides.length > 0 && <div className="dim small">hides that of {hides.map((hidden) => hidden.context?.contextName ?? 'the stack').join(', ')}</div>}
                    </>
                  }
                  onEdit={may && !context ? () => setEditing({ id: element.id, type: element.type, value: element.writeOnly ? '' : element.type === 'FILE_MOUNT' ? fromBase64(element.value ?? '') : (element.value ?? ''), writeOnly: element.writeOnly, description: element.description ?? '' }) : undefined}
                  onDelete={may && !context ? () => setRemoving(element.id) : undefined}
                />
              ))}
            </Table>
          )
        }}
      </Loaded>
      {editing && <ConfigEditor from={editing} busy={add.isPending} error={add.error} onClose={() => setEditing(null)} onSave={(config) => add.mutate({ stack: stack.id, config })} />}
      <ConfirmDialog open={removing !== null} onClose={() => setRemoving(null)} title={`Remove ${removing}`} effect={`Remove ${removing}`} busy={remove.isPending} error={remove.error} onConfirm={() => removing && remove.mutate({ stack: stack.id, id: removing })}>
        <p>From the next phase on, no run has it.</p>
      </ConfirmDialog>
    </Panel>
  )
}
