import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { RunTable } from '@/features/runs/RunTable'
import { StackProposedRunsDocument, type StackRunFragment, StackRunsDocument, StackTasksDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import type { StackHead } from './StackPage'

const KINDS = [
  ['tracked', 'Tracked and destroy'],
  ['proposed', 'Proposed'],
  ['tasks', 'Tasks'],
] as const
type Kind = (typeof KINDS)[number][0]

const EMPTY: Record<Kind, [string, string]> = {
  tracked: ['No runs yet', 'A tracked run plans the code of the tracked branch, waits for somebody to confirm, and applies.'],
  proposed: ['No proposed runs', 'A proposed run only plans: it shows what a change would do, and can only read.'],
  tasks: ['No tasks', 'A task is one command in the initialized workspace, with write access.'],
}

export function StackRuns({ stack }: { stack: StackHead }) {
  const search = useSearch({ from: '/stacks/$id/$tab' })
  const navigate = useNavigate({ from: '/stacks/$id/$tab' })
  const kind: Kind = KINDS.some(([id]) => id === search.kind) ? (search.kind as Kind) : 'tracked'
  return (
    <div className="stack">
      <div className="segmented" role="group" aria-label="Kind of run" style={{ alignSelf: 'flex-start' }}>
        {KINDS.map(([id, label]) => (
          <button key={id} type="button" aria-pressed={kind === id} onClick={() => navigate({ search: (old) => ({ ...old, kind: id === 'tracked' ? undefined : id }) })}>
            {label}
          </button>
        ))}
      </div>
      <Runs key={kind} stack={stack} kind={kind} />
    </div>
  )
}

function Runs({ stack, kind }: { stack: StackHead; kind: Kind }) {
  const [before, setBefore] = useState<string[]>([])
  const variables = { id: stack.id, before: before.at(-1) ?? null }
  const tracked = useData(StackRunsDocument, variables, { enabled: kind === 'tracked' })
  const proposed = useData(StackProposedRunsDocument, variables, { enabled: kind === 'proposed' })
  const tasks = useData(StackTasksDocument, variables, { enabled: kind === 'tasks' })
  const query = { tracked, proposed, tasks }[kind]
  const runs: StackRunFragment[] | undefined = tracked.data?.stack?.runs ?? proposed.data?.stack?.proposedRuns ?? tasks.data?.stack?.tasks
  return (
    <Loaded query={{ ...query, data: runs }}>
      {(runs) =>
        runs.length === 0 && before.length === 0 ? (
          <Empty title={EMPTY[kind][0]}>
            <p className="sentence">{EMPTY[kind][1]}</p>
          </Empty>
        ) : (
          <>
            <div className="panel">
              <RunTable runs={runs.map((run) => ({ run, stack: stack.id }))} />
            </div>
            {(before.length > 0 || runs.length >= 50) && (
              <div className="row">
                <Button disabled={before.length === 0} onClick={() => setBefore(before.slice(0, -1))}>
                  Newer
                </Button>
                <Button disabled={runs.length < 50} onClick={() => setBefore([...before, runs.at(-1)?.id ?? ''])}>
                  Older
                </Button>
              </div>
            )}
          </>
        )
      }
    </Loaded>
  )
}
