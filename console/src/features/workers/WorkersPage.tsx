import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useSpaceName, useSpaces } from '@/features/spaces/useSpaces'
import { WorkerPoolsDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { Labels } from '@/ui/Labels'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { Panel } from '@/ui/Panel'
import { Table } from '@/ui/Table'
import { PoolCreate } from './PoolCreate'
import { QueueTable } from './QueueTable'

export function WorkersPage() {
  const query = useData(WorkerPoolsDocument, {})
  const spaceName = useSpaceName()
  const may = useSpaces().some((space) => space.accessLevel === 'ADMIN')
  const [creating, setCreating] = useState(false)
  return (
    <Page
      title="Workers"
      actions={
        may ? (
          <Button look="primary" onClick={() => setCreating(true)}>
            Create a worker pool
          </Button>
        ) : undefined
      }
    >
      <Loaded query={query}>
        {(data) => (
          <div className="stack">
            <Panel title="Queue of the installation’s own workers" flush>
              <QueueTable edges={data.publicWorkerPool.searchSchedulableRuns.edges} />
            </Panel>
            <Panel title="Worker pools" flush>
              {data.workerPools.length === 0 ? (
                <Empty title="No worker pools">
                  <p className="sentence">A pool’s workers run on machines of yours, take the runs of the stacks that name the pool, and can assume roles themselves.</p>
                </Empty>
              ) : (
                <Table columns={['Name', 'Space', 'Workers', 'Busy', 'Waiting runs']}>
                  {data.workerPools.map((pool) => (
                    <tr key={pool.id}>
                      <td data-label="">
                        <Link className="strong" to="/workers/$id" params={{ id: pool.id }}>
                          <bdi>{pool.name}</bdi>
                        </Link>{' '}
                        <Labels labels={pool.labels} />
                      </td>
                      <td data-label="space">{spaceName(pool.space)}</td>
                      <td data-label="workers">{pool.workersCount}</td>
                      <td data-label="busy">{pool.busyWorkers}</td>
                      <td data-label="waiting">{pool.pendingRuns}</td>
                    </tr>
                  ))}
                </Table>
              )}
            </Panel>
          </div>
        )}
      </Loaded>
      {creating && <PoolCreate onClose={() => setCreating(false)} />}
    </Page>
  )
}
