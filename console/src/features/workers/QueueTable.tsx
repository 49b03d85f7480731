import { Link } from '@tanstack/react-router'
import type { WorkerPoolsQuery } from '@/gql/operations'
import { StateBadge } from '@/ui/StateBadge'
import { Table } from '@/ui/Table'
import { Time } from '@/ui/Time'

type Edge = WorkerPoolsQuery['publicWorkerPool']['searchSchedulableRuns']['edges'][number]

export function QueueTable({ edges }: { edges: Edge[] }) {
  if (edges.length === 0) return <p className="dim body">No run waits for a worker.</p>
  return (
    <Table columns={['Place', 'State', 'Run', 'Stack', 'Since']}>
      {edges.map(({ node }) => (
        <tr key={node.run.id}>
          <td data-label="place">{node.position}</td>
          <td data-label="">
            <StateBadge state={node.run.state} />
          </td>
          <td data-label="">
            <Link className="strong" to="/stacks/$id/runs/$run" params={{ id: node.stackId, run: node.run.id }}>
              <bdi>{node.run.title ?? node.run.id}</bdi>
            </Link>
            {node.run.waitingFor && (
              <div className="dim small">
                <bdi>{node.run.waitingFor}</bdi>
              </div>
            )}
          </td>
          <td data-label="stack">{node.stackId}</td>
          <td data-label="">
            <Time at={node.run.createdAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}
