import type { RunState, StackState } from '@/gql/operations'

type Kind = 'queued' | 'working' | 'waiting' | 'finished' | 'failed' | 'ended'

const STATES: Record<RunState | StackState, [Kind, string]> = {
  NONE: ['ended', 'no runs yet'],
  PENDING: ['queued', 'pending'],
  PENDING_REVIEW: ['waiting', 'waits for review'],
  QUEUED: ['queued', 'queued'],
  READY: ['queued', 'ready'],
  PREPARING: ['working', 'preparing'],
  INITIALIZING: ['working', 'initializing'],
  PLANNING: ['working', 'planning'],
  UNCONFIRMED: ['waiting', 'waits for confirmation'],
  CONFIRMED: ['working', 'confirmed'],
  REPLAN_REQUESTED: ['working', 'replan requested'],
  PREPARING_REPLAN: ['working', 'preparing replan'],
  PREPARING_APPLY: ['working', 'preparing apply'],
  APPLYING: ['working', 'applying'],
  PERFORMING: ['working', 'performing'],
  DESTROYING: ['working', 'destroying'],
  FINISHED: ['finished', 'finished'],
  FAILED: ['failed', 'failed'],
  STOPPED: ['ended', 'stopped'],
  CANCELED: ['ended', 'canceled'],
  DISCARDED: ['ended', 'discarded'],
  SKIPPED: ['ended', 'skipped'],
}

export const STATE_NAMES = Object.keys(STATES) as (RunState | StackState)[]

export function stateWord(state: RunState | StackState): string {
  return STATES[state][1]
}

export function StateBadge({ state }: { state: RunState | StackState }) {
  const [kind, word] = STATES[state]
  return (
    <span className={`state ${kind}`}>
      <Shape kind={kind} />
      {word}
    </span>
  )
}

/** A shape for each, so that colour is never alone. */
function Shape({ kind }: { kind: Kind }) {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" fill="currentColor" stroke="currentColor">
      {kind === 'finished' && <circle cx="5" cy="5" r="4" stroke="none" />}
      {kind === 'failed' && <path d="M1.5 1.5l7 7m0-7l-7 7" strokeWidth="2" fill="none" />}
      {kind === 'working' && <path d="M2 1l7 4-7 4z" stroke="none" />}
      {kind === 'waiting' && <path d="M2.5 1v8M7.5 1v8" strokeWidth="2.4" fill="none" />}
      {kind === 'queued' && <circle cx="5" cy="5" r="3.6" strokeWidth="1.4" fill="none" />}
      {kind === 'ended' && <path d="M1 5h8" strokeWidth="2" fill="none" />}
    </svg>
  )
}
