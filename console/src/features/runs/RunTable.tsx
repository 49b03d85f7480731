import { Link } from '@tanstack/react-router'
import type { StackRunFragment } from '@/gql/operations'
import { StateBadge } from '@/ui/StateBadge'
import { Table } from '@/ui/Table'
import { Time } from '@/ui/Time'
import { Delta } from './Delta'

export interface RunOfStack {
  run: StackRunFragment
  stack: string
  stackName?: string
}

const KINDS: Record<StackRunFragment['type'], string> = {
  TRACKED: 'tracked',
  PROPOSED: 'proposed',
  TASK: 'task',
  DESTROY: 'destroy',
  TESTING: 'testing',
}

export function RunTable({ runs }: { runs: RunOfStack[] }) {
  const stacks = runs.some((one) => one.stackName !== undefined)
  return (
    <Table columns={['State', ...(stacks ? ['Stack'] : []), 'Run', 'Kind', 'Changes', 'By', 'Started']}>
      {runs.map(({ run, stack, stackName }) => (
        <tr key={run.id}>
          <td className="shrink" data-label="">
            <StateBadge state={run.state} />
          </td>
          {stacks && (
            <td data-label="">
              <Link to="/stacks/$id/$tab" params={{ id: stack, tab: 'runs' }}>
                <bdi>{stackName}</bdi>
              </Link>
            </td>
          )}
          <td data-label="">
            <Link className="strong" to="/stacks/$id/runs/$run" params={{ id: stack, run: run.id }}>
              <bdi>{title(run)}</bdi>
            </Link>{' '}
            {run.commit && <code className="dim">{run.commit.hash.slice(0, 7)}</code>}
            {run.waitingFor && (
              <div className="dim small">
                <bdi>{run.waitingFor}</bdi>
              </div>
            )}
          </td>
          <td data-label="">{KINDS[run.type]}</td>
          <td data-label="">{run.delta && <Delta delta={run.delta} />}</td>
          <td data-label="by">
            <bdi>{run.triggeredBy ?? ''}</bdi>
          </td>
          <td data-label="" className="nowrap">
            <Time at={run.createdAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

/** What a run is called: what it was given, or what its commit says, or its command. */
export function title(run: Pick<StackRunFragment, 'title' | 'command' | 'commit' | 'id'>): string {
  return run.command ?? run.title ?? run.commit?.message.split('\n')[0] ?? run.id
}
