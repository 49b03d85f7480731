import { useNavigate } from '@tanstack/react-router'
import { RunCancelDocument, RunPrioritizeDocument, RunReplanDocument, RunRetryDocument, RunStopDocument, type RunState } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { tell } from '@/ui/toast'
import type { Run, StackOfRun } from './RunPage'

const WAITING: RunState[] = ['QUEUED', 'READY']

export function RunActions({ stack, run }: { stack: StackOfRun; run: Run }) {
  const navigate = useNavigate()
  const at = { stack: stack.id, run: run.id }
  const options = { onError: (error: Error) => tell(error.message) }
  const go = (id: string) => void navigate({ to: '/stacks/$id/runs/$run', params: { id: stack.id, run: id } })
  const cancel = useDeed(RunCancelDocument)
  const stop = useDeed(RunStopDocument)
  const retry = useDeed(RunRetryDocument, (made) => go(made.runRetry.id))
  const replan = useDeed(RunReplanDocument)
  const prioritize = useDeed(RunPrioritizeDocument)
  if (!stack.canWrite) return null
  const waits = WAITING.includes(run.state)
  return (
    <>
      {waits && (
        <>
          <Button busy={prioritize.isPending} onClick={() => prioritize.mutate({ ...at, prioritize: !run.prioritized }, options)}>
            {run.prioritized ? 'No longer first' : 'Go first'}
          </Button>
          <Button look="danger" busy={cancel.isPending} onClick={() => cancel.mutate(at, options)}>
            Cancel the run
          </Button>
        </>
      )}
      {run.state === 'UNCONFIRMED' && (
        <Button busy={replan.isPending} onClick={() => replan.mutate(at, options)}>
          Plan again
        </Button>
      )}
      {!waits && !run.finished && run.state !== 'UNCONFIRMED' && (
        <Button look="danger" busy={stop.isPending} onClick={() => stop.mutate(at, options)}>
          Stop the run
        </Button>
      )}
      {run.canRetry && (
        <Button look="primary" busy={retry.isPending} onClick={() => retry.mutate(at, options)}>
          Retry as a new run
        </Button>
      )}
    </>
  )
}
