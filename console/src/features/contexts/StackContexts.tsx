import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { ContextAttachDocument, ContextDetachDocument, StackContextsDocument } from '@/gql/operations'
import type { StackHead } from '@/features/stacks/StackPage'
import { useData, useDeed } from '@/lib/graphql'
import { count } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { SelectField, TextField } from '@/ui/Field'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { Table } from '@/ui/Table'

export function StackContexts({ stack }: { stack: StackHead }) {
  const query = useData(StackContextsDocument, { id: stack.id })
  const [attaching, setAttaching] = useState(false)
  const detach = useDeed(ContextDetachDocument)
  const may = stack.spaceDetails.accessLevel === 'ADMIN'
  return (
    <Panel
      title="Contexts, the strongest first"
      flush
      actions={
        may ? (
          <Button look="primary" onClick={() => setAttaching(true)}>
            Attach a context
          </Button>
        ) : undefined
      }
    >
      <Failure error={detach.error} />
      <Loaded query={query}>
        {(data) => {
          const attached = data.stack?.attachedContexts ?? []
          const others = data.contexts.filter((context) => !attached.some((one) => one.contextId === context.id))
          return (
            <>
              {attached.length === 0 ? (
                <Empty title="No context">
                  <p className="sentence">A context holds variables, files and hooks that several stacks share.</p>
                </Empty>
              ) : (
                <Table columns={['Context', 'Priority', 'Holds', 'Attached by', { hidden: 'Actions' }]}>
                  {attached.map((one) => (
                    <tr key={one.id}>
                      <td data-label="">
                        <Link className="strong" to="/contexts/$id/$tab" params={{ id: one.contextId, tab: 'environment' }}>
                          <bdi>{one.contextName}</bdi>
                        </Link>
                      </td>
                      <td data-label="priority">{one.isAutoattached ? '—' : one.priority}</td>
                      <td data-label="">{count(one.config.length, 'element')}</td>
                      <td data-label="by">{one.isAutoattached ? 'a label' : 'somebody'}</td>
                      <td data-label="" className="shrink">
                        {may && !one.isAutoattached && (
                          <Button look="danger" busy={detach.isPending} onClick={() => detach.mutate({ id: one.id })} aria-label={`Detach ${one.contextName}`}>
                            Detach
                          </Button>
                        )}
                      </td>
                    </tr>
                  ))}
                </Table>
              )}
              {attaching && <Attach stack={stack.id} contexts={others} onClose={() => setAttaching(false)} />}
            </>
          )
        }}
      </Loaded>
    </Panel>
  )
}

function Attach({ stack, contexts, onClose }: { stack: string; contexts: { id: string; name: string; space: string }[]; onClose: () => void }) {
  const [id, setId] = useState('')
  const [priority, setPriority] = useState('0')
  const attach = useDeed(ContextAttachDocument, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    attach.mutate({ id, stack, priority: Number.parseInt(priority, 10) || 0 })
  }
  return (
    <Dialog open onClose={onClose} title={`Attach a context to ${stack}`}>
      <form className="stack" onSubmit={submit}>
        <SelectField label="Context" value={id} onChange={setId} options={[{ value: '', label: 'Choose …' }, ...contexts.map((context) => ({ value: context.id, label: `${context.name} (${context.space})` }))]} />
        <TextField label="Priority" value={priority} onChange={setPriority} inputMode="numeric" hint="Of two with the same variable, the lower number wins" />
        <Failure error={attach.error} />
        <div className="actions">
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button type="submit" look="primary" busy={attach.isPending} disabled={!id}>
            Attach to {stack}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
