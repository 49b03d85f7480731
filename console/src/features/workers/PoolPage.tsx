import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { Missing } from '@/app/Missing'
import { WorkerDrainDocument, WorkerPoolConfigDocument, WorkerPoolCycleDocument, WorkerPoolDeleteDocument, WorkerPoolPageDocument, type WorkerPoolPageQuery, WorkerPoolResetDocument } from '@/gql/operations'
import { useData, useDeed } from '@/lib/graphql'
import { pretty } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Code } from '@/ui/Code'
import { CopyId } from '@/ui/CopyId'
import { ConfirmDialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { TextArea } from '@/ui/Field'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { Panel } from '@/ui/Panel'
import { Table } from '@/ui/Table'
import { tell } from '@/ui/toast'
import { inBase64 } from './PoolCreate'
import { QueueTable } from './QueueTable'

type Pool = NonNullable<WorkerPoolPageQuery['workerPool']>

export function PoolPage() {
  const { id } = useParams({ from: '/workers/$id' })
  const query = useData(WorkerPoolPageDocument, { id })
  const drain = useDeed(WorkerDrainDocument)
  return (
    <Loaded query={query}>
      {({ workerPool: pool }) => {
        if (!pool || pool.id !== id) return <Missing what="worker pool" id={id} />
        const may = pool.spaceDetails.accessLevel === 'ADMIN'
        return (
          <Page title={pool.name} crumbs={[{ label: pool.spaceDetails.name }, { label: 'Workers', to: '/workers' }]} actions={may ? <Actions pool={pool} /> : undefined}>
            <div className="stack">
              <Failure error={drain.error} />
              <Panel title="Workers" flush>
                {pool.workers.length === 0 ? (
                  <Empty title="No worker is there">
                    <p className="sentence">Start one with the pool’s configuration and its private key; it shows up here.</p>
                  </Empty>
                ) : (
                  <Table columns={['Worker', 'State', 'Says of itself', { hidden: 'Actions' }]}>
                    {pool.workers.map((worker) => (
                      <tr key={worker.id}>
                        <td data-label="">
                          <CopyId value={worker.id} />
                        </td>
                        <td data-label="">
                          {worker.busy ? 'has a run' : 'idle'}
                          {worker.drained && ', takes nothing new'}
                        </td>
                        <td data-label="">
                          <details>
                            <summary>metadata</summary>
                            <pre className="anywhere" style={{ whiteSpace: 'pre-wrap' }}>{pretty(worker.metadata)}</pre>
                          </details>
                        </td>
                        <td data-label="" className="shrink">
                          {may && (
                            <Button busy={drain.isPending} onClick={() => drain.mutate({ pool: id, id: worker.id, drain: !worker.drained })}>
                              {worker.drained ? 'Give it runs again' : 'Drain'}
                            </Button>
                          )}
                        </td>
                      </tr>
                    ))}
                  </Table>
                )}
              </Panel>
              <Panel title="Queue" flush>
                <QueueTable edges={pool.searchSchedulableRuns.edges} />
              </Panel>
              {may && <Configuration id={id} />}
            </div>
          </Page>
        )
      }}
    </Loaded>
  )
}

function Configuration({ id }: { id: string }) {
  const [open, setOpen] = useState(false)
  const query = useData(WorkerPoolConfigDocument, { id }, { enabled: open })
  return (
    <details className="panel" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary style={{ padding: '8px 12px' }}>Configuration of its workers</summary>
      <div className="body">
        <Failure error={query.error} />
        {query.data?.workerPool && <Code label="configuration" text={query.data.workerPool.config} />}
      </div>
    </details>
  )
}

function Actions({ pool }: { pool: Pool }) {
  const navigate = useNavigate()
  const [asking, setAsking] = useState<'cycle' | 'reset' | 'delete' | null>(null)
  const [csr, setCsr] = useState('')
  const close = () => setAsking(null)
  const cycle = useDeed(WorkerPoolCycleDocument, () => {
    close()
    tell('Each worker ends when it has finished what it has')
  })
  const reset = useDeed(WorkerPoolResetDocument, () => {
    close()
    tell('Workers with the old configuration are refused from now on')
  })
  const remove = useDeed(WorkerPoolDeleteDocument, () => void navigate({ to: '/workers' }))
  return (
    <>
      <Button onClick={() => setAsking('cycle')}>Cycle</Button>
      <Button onClick={() => setAsking('reset')}>Reset</Button>
      <Button look="danger" onClick={() => setAsking('delete')}>
        Delete
      </Button>
      <ConfirmDialog open={asking === 'cycle'} onClose={close} title={`Cycle the workers of ${pool.name}`} effect="End every worker" busy={cycle.isPending} error={cycle.error} onConfirm={() => cycle.mutate({ id: pool.id })}>
        <p>Every worker finishes what it has, and ends. Whatever started it starts another.</p>
      </ConfirmDialog>
      <ConfirmDialog open={asking === 'reset'} onClose={close} title={`Reset ${pool.name}`} effect={`Reset ${pool.name}`} name={pool.name} disabled={!csr.trim()} busy={reset.isPending} error={reset.error} onConfirm={() => reset.mutate({ id: pool.id, csr: inBase64(csr) })}>
        <p className="sentence">The pool gets another configuration; workers with the old one are refused at once.</p>
        <TextArea label="Certificate signing request" mono rows={6} value={csr} onChange={setCsr} />
      </ConfirmDialog>
      <ConfirmDialog open={asking === 'delete'} onClose={close} title={`Delete ${pool.name}`} effect={`Delete ${pool.name}`} name={pool.name} busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate({ id: pool.id })}>
        <p>Refused while a stack runs there.</p>
      </ConfirmDialog>
    </>
  )
}
