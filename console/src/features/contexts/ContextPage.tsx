import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { Missing } from '@/app/Missing'
import { ConfigEditor, type Edited, NEW, fromBase64 } from '@/features/config/ConfigEditor'
import { ElementRow } from '@/features/config/ElementRow'
import { ContextConfigAddDocument, ContextConfigDeleteDocument, ContextDeleteDocument, ContextPageDocument, type ContextPageQuery } from '@/gql/operations'
import { useData, useDeed } from '@/lib/graphql'
import { count } from '@/lib/text'
import { Button } from '@/ui/Button'
import { ConfirmDialog } from '@/ui/Dialog'
import { Loaded } from '@/ui/Loaded'
import { Empty, Notice } from '@/ui/Notice'
import { Page, Tabs } from '@/ui/Page'
import { Panel } from '@/ui/Panel'
import { Table } from '@/ui/Table'
import { ContextEdit } from './ContextForm'

type Context = NonNullable<ContextPageQuery['context']>
const TABS = [
  { id: 'environment', label: 'Environment' },
  { id: 'stacks', label: 'Stacks' },
  { id: 'edit', label: 'Edit' },
]

export function ContextPage() {
  const { id, tab } = useParams({ from: '/contexts/$id/$tab' })
  const query = useData(ContextPageDocument, { id })
  return (
    <Loaded query={query}>
      {({ context }) =>
        !context || context.id !== id ? (
          <Missing what="context" id={id} />
        ) : (
          <Page title={context.name} crumbs={[{ label: context.spaceDetails.name }, { label: 'Contexts', to: '/contexts' }]} actions={context.spaceDetails.accessLevel === 'ADMIN' ? <Delete context={context} /> : undefined}>
            <Tabs tabs={TABS} current={tab} to="/contexts/$id/$tab" params={{ id }} />
            {tab === 'stacks' ? <Stacks context={context} /> : tab === 'edit' ? context.spaceDetails.accessLevel === 'ADMIN' ? <ContextEdit key={id} context={context} /> : <Notice>Changing it needs the role admin in its space.</Notice> : <Environment context={context} />}
          </Page>
        )
      }
    </Loaded>
  )
}

function Environment({ context }: { context: Context }) {
  const [editing, setEditing] = useState<Edited | null>(null)
  const [removing, setRemoving] = useState<string | null>(null)
  const add = useDeed(ContextConfigAddDocument, () => setEditing(null))
  const remove = useDeed(ContextConfigDeleteDocument, () => setRemoving(null))
  const may = context.spaceDetails.accessLevel !== 'READ'
  return (
    <Panel title="Variables and files" flush actions={may ? <Button look="primary" onClick={() => setEditing(NEW)}>Set a variable or file</Button> : undefined}>
      {context.config.length === 0 ? (
        <Empty title="It holds nothing yet">
          <p className="sentence">Every stack that has the context gets what is set here, from its next phase on.</p>
        </Empty>
      ) : (
        <Table columns={['Name', 'Value', 'Kind', { hidden: 'Actions' }]}>
          {context.config.map((element) => (
            <ElementRow
              key={`${element.type} ${element.id}`}
              element={element}
              onEdit={may ? () => setEditing({ id: element.id, type: element.type, value: element.writeOnly ? '' : element.type === 'FILE_MOUNT' ? fromBase64(element.value ?? '') : (element.value ?? ''), writeOnly: element.writeOnly, description: element.description ?? '' }) : undefined}
              onDelete={may ? () => setRemoving(element.id) : undefined}
            />
          ))}
        </Table>
      )}
      {editing && <ConfigEditor from={editing} busy={add.isPending} error={add.error} onClose={() => setEditing(null)} onSave={(config) => add.mutate({ context: context.id, config })} />}
      <ConfirmDialog open={removing !== null} onClose={() => setRemoving(null)} title={`Remove ${removing}`} effect={`Remove ${removing}`} busy={remove.isPending} error={remove.error} onConfirm={() => removing && remove.mutate({ context: context.id, id: removing })}>
        <p>{count(context.attachedStacks.length, 'stack')} will not have it any more.</p>
      </ConfirmDialog>
    </Panel>
  )
}

function Stacks({ context }: { context: Context }) {
  if (context.attachedStacks.length === 0) {
    return (
      <Empty title="No stack has it">
        <p>A stack’s page attaches contexts; so does a label autoattach:… of the context.</p>
      </Empty>
    )
  }
  return (
    <div className="panel">
      <Table columns={['Stack', 'Priority', 'Attached by']}>
        {context.attachedStacks.map((one) => (
          <tr key={one.id + one.stackId}>
            <td data-label="">
              <Link className="strong" to="/stacks/$id/$tab" params={{ id: one.stackId, tab: 'contexts' }}>
                <bdi>{one.stackName}</bdi>
              </Link>
            </td>
            <td data-label="priority">{one.isAutoattached ? '—' : one.priority}</td>
            <td data-label="by">{one.isAutoattached ? 'a label' : 'somebody'}</td>
          </tr>
        ))}
      </Table>
    </div>
  )
}

function Delete({ context }: { context: Context }) {
  const navigate = useNavigate()
  const [asking, setAsking] = useState(false)
  const remove = useDeed(ContextDeleteDocument, () => void navigate({ to: '/contexts' }))
  return (
    <>
      <Button look="danger" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog open={asking} onClose={() => setAsking(false)} title={`Delete ${context.name}`} effect={`Delete ${context.id}`} name={context.id} busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate({ id: context.id })}>
        <p className="sentence">{context.attachedStacks.length === 0 ? 'No stack has it.' : `It is detached from ${count(context.attachedStacks.length, 'stack')}: ${context.attachedStacks.map((one) => one.stackName).join(', ')}.`}</p>
      </ConfirmDialog>
    </>
  )
}
