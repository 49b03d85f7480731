import { Link } from '@tanstack/react-router'
import type { RunState } from '@/gql/operations'
import { duration } from '@/lib/time'
import { StateBadge, stateWord } from '@/ui/StateBadge'
import { Identity } from './Identity'
import type { Run, StackOfRun, Visit } from './RunPage'

/** In which phase a child works. */
const PHASES: Partial<Record<RunState, string>> = {
  INITIALIZING: 'initialize',
  PLANNING: 'plan',
  APPLYING: 'apply',
  PERFORMING: 'perform',
  DESTROYING: 'destroy',
}

/** States that say something on their own; the others only lead to the next. */
const SHOWN = new Set<RunState>(['UNCONFIRMED', 'CONFIRMED', 'REPLAN_REQUESTED', 'FINISHED', 'FAILED', 'STOPPED', 'CANCELED', 'DISCARDED', 'SKIPPED', 'QUEUED', 'READY', 'PREPARING', 'PREPARING_APPLY', 'PREPARING_REPLAN'])

export function Timeline({ stack, run, chosen }: { stack: StackOfRun; run: Run; chosen: number | undefined }) {
  const visits = [...run.history].reverse()
  const now = Date.now()
  return (
    <ol className="timeline panel" aria-label="Phases">
      {visits.map((visit, place) => {
        const next = visits[place + 1]
        const passing = next !== undefined && !PHASES[visit.state] && !['UNCONFIRMED', 'CONFIRMED', 'REPLAN_REQUESTED'].includes(visit.state)
        if (passing || (!PHASES[visit.state] && !SHOWN.has(visit.state))) return null
        const took = visit.terminal ? null : (next?.timestampMs ?? now) - visit.timestampMs
        return <Step key={visit.stateVersion} stack={stack} run={run} visit={visit} took={took} over={next !== undefined} failed={next?.state === 'FAILED'} chosen={chosen === visit.stateVersion} until={next?.timestampMs ?? now} />
      })}
    </ol>
  )
}

interface Props {
  stack: StackOfRun
  run: Run
  visit: Visit
  took: number | null
  over: boolean
  failed: boolean
  chosen: boolean
  until: number
}

function Step({ stack, run, visit, took, over, failed, chosen, until }: Props) {
  const phase = PHASES[visit.state]
  // A phase may come twice: what was decided while this visit lasted belongs to it.
  const identities = phase ? run.credentials.filter((one) => one.phase === phase && one.decidedAt * 1000 >= visit.timestampMs - 1500 && one.decidedAt * 1000 <= until + 1000) : []
  return (
    <li className={chosen ? 'chosen' : undefined}>
      <span className="step">
        {phase && over ? (
          <span className={failed ? 'fail' : 'good'}>
            <span aria-hidden="true">{failed ? '✗' : '✓'}</span> <span style={{ color: 'var(--text)' }}>{phase}</span>
          </span>
        ) : (
          <StateBadge state={visit.state} />
        )}
        {visit.username && (
          <span className="dim">
            by <bdi>{visit.username}</bdi>
          </span>
        )}
      </span>
      <span className="took dim mono">{took !== null && phase ? duration(Math.max(0, took)) : ''}</span>
      <span className="identities">
        {identities.map((one) => (
          <Identity key={one.id} credentials={one} />
        ))}
        {visit.note && !visit.terminal && <bdi className="dim small anywhere">{visit.note}</bdi>}
      </span>
      <span className="links">
        {visit.hasLogs && (
          <Link to="/stacks/$id/runs/$run" params={{ id: stack.id, run: run.id }} search={{ view: 'log', visit: String(visit.stateVersion) }} aria-label={`Log of ${phase ?? stateWord(visit.state)}`}>
            log
          </Link>
        )}
      </span>
    </li>
  )
}
