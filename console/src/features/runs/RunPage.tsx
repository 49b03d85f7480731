import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Missing } from '@/app/Missing'
import { RunPageDocument, type RunPageQuery } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { CopyId } from '@/ui/CopyId'
import { Loaded } from '@/ui/Loaded'
import { Notice } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { StateBadge } from '@/ui/StateBadge'
import { Time } from '@/ui/Time'
import { ConfirmBar } from './ConfirmBar'
import { Delta } from './Delta'
import { RunActions } from './RunActions'
import { RunChanges } from './RunChanges'
import { title } from './RunTable'
import { Timeline } from './Timeline'
import { RunLog } from './log/RunLog'

export type StackOfRun = NonNullable<RunPageQuery['stack']>
export type Run = NonNullable<StackOfRun['run']>
export type Visit = Run['history'][number]

export function RunPage() {
  const { id, run: runId } = useParams({ from: '/stacks/$id/runs/$run' })
  const query = useData(RunPageDocument, { stack: id, run: runId })
  return (
    <Loaded query={query}>
      {({ stack }) => {
        if (!stack) return <Missing what="stack" id={id} />
        if (!stack.run || stack.run.id !== runId) return <Missing what="run" id={runId} />
        return <Shown stack={stack} run={stack.run} />
      }}
    </Loaded>
  )
}

function Shown({ stack, run }: { stack: StackOfRun; run: Run }) {
  const search = useSearch({ from: '/stacks/$id/runs/$run' })
  const navigate = useNavigate({ from: '/stacks/$id/runs/$run' })
  const visits = run.history.filter((visit) => visit.hasLogs)
  // The newest is first: that is what one comes for.
  const visit = visits.find((one) => String(one.stateVersion) === search.visit) ?? visits[0]
  const planned = run.delta !== null
  const view = search.view ?? (run.state === 'UNCONFIRMED' && planned ? 'changes' : 'log')
  const why = run.history.find((one) => one.terminal)?.note
  return (
    <Page
      title={`${title(run)} · ${stack.name}`}
      crumbs={[{ label: stack.spaceDetails.name }, { label: 'Stacks', to: '/stacks' }, { label: stack.name, to: '/stacks/$id/$tab', params: { id: stack.id, tab: 'runs' } }]}
      heading={<bdi>{title(run)}</bdi>}
      actions={<RunActions stack={stack} run={run} />}
    >
      <div className="stack">
        <div className="row wrap verdict">
          <StateBadge state={run.state} />
          <span>{run.type.toLowerCase()}</span>
          {run.commit && (
            <span className="row" style={{ gap: 4, minWidth: 0 }}>
              <CopyId value={run.commit.hash} shown={run.commit.hash.slice(0, 7)} label="commit" /> <bdi className="dim">{run.commit.message.split('\n')[0]?.slice(0, 90)}</bdi>
            </span>
          )}
          {run.delta && <Delta delta={run.delta} />}
          <span className="dim">
            <Time at={run.createdAt} />
            {run.triggeredBy && (
              <>
                {' '}
                by <bdi>{run.triggeredBy}</bdi>
              </>
            )}
          </span>
        </div>
        {run.type === 'PROPOSED' && <Notice>This run can only read.</Notice>}
        {why && run.state !== 'FINISHED' && (
          <Notice kind={run.state === 'FAILED' ? 'fail' : 'info'}>
            <bdi>{why}</bdi>
          </Notice>
        )}
        {run.waitingFor && !run.finished && run.state !== 'UNCONFIRMED' && (
          <Notice>
            <bdi>{run.waitingFor}</bdi>
          </Notice>
        )}
        <Timeline stack={stack} run={run} chosen={view === 'log' ? visit?.stateVersion : undefined} />
        <nav className="tabs" aria-label="What to look at">
          <Link from="/stacks/$id/runs/$run" to="." search={(old) => ({ ...old, view: 'log' })} aria-current={view === 'log' ? 'page' : undefined}>
            Log
          </Link>
          {planned && (
            <Link from="/stacks/$id/runs/$run" to="." search={(old) => ({ ...old, view: 'changes' })} aria-current={view === 'changes' ? 'page' : undefined}>
              Changes
            </Link>
          )}
        </nav>
        {view === 'changes' && planned ? (
          <RunChanges stack={stack.id} run={run.id} />
        ) : visit ? (
          <RunLog key={visit.stateVersion} stack={stack.id} run={run.id} visit={visit} visits={visits} onVisit={(version) => navigate({ search: (old) => ({ ...old, visit: version, line: undefined }) })} />
        ) : (
          <p className="dim">Nothing was said yet.</p>
        )}
      </div>
      {run.state === 'UNCONFIRMED' && stack.canWrite && <ConfirmBar stack={stack} run={run} />}
    </Page>
  )
}
