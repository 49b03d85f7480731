import { useEffect } from 'react'
import { cloudLabel } from '@/features/cloud-integrations/registry'
import { useIntegrationName } from '@/features/stacks/PhaseTable'
import { RunConfirmDocument, RunDiscardDocument } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { count } from '@/lib/text'
import { Access } from '@/ui/Access'
import { Button } from '@/ui/Button'
import { Failure } from '@/ui/Failure'
import { Delta } from './Delta'
import type { Run, StackOfRun } from './RunPage'

/** Stays in reach: what will be used, what will change, and one key. */
export function ConfirmBar({ stack, run }: { stack: StackOfRun; run: Run }) {
  const confirm = useDeed(RunConfirmDocument)
  const discard = useDeed(RunDiscardDocument)
  const at = { stack: stack.id, run: run.id }
  const { mutate, isPending } = confirm
  const delta = run.delta
  const changes = delta ? delta.addCount + delta.changeCount + delta.deleteCount : null
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const writes = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)
      if (event.key === 'y' && !writes && !event.ctrlKey && !event.metaKey && !event.altKey && !isPending && !document.querySelector('[role="dialog"]')) {
        mutate({ stack: stack.id, run: run.id })
      }
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [mutate, isPending, stack.id, run.id])
  return (
    <section className="bottom-bar" aria-label="Confirmation">
      <div className="stack tight">
        {stack.cloudAccess
          .filter((entry) => entry.phase === 'apply' && entry.runType === 'TRACKED')
          .map((entry) => (
            <WillUse key={entry.cloud} entry={entry} />
          ))}
        <Failure error={confirm.error ?? discard.error} />
      </div>
      {delta && <Delta delta={delta} />}
      <div className="actions">
        <Button look="danger" busy={discard.isPending} onClick={() => discard.mutate(at)}>
          Discard
        </Button>
        <Button look="primary" busy={isPending} onClick={() => mutate(at)}>
          {changes === null ? 'Apply' : `Apply ${count(changes, 'change')}`} <kbd>y</kbd>
        </Button>
      </div>
    </section>
  )
}

function WillUse({ entry }: { entry: StackOfRun['cloudAccess'][number] }) {
  const name = useIntegrationName(entry.integration)
  if (!entry.roleArn) {
    return (
      <span className={entry.fails ? 'fail' : undefined}>
        {cloudLabel(entry.cloud)}: {entry.fails ? <bdi>{entry.explanation}</bdi> : 'apply will get none'}
      </span>
    )
  }
  return (
    <span className="row">
      <Access access={entry.access} />
      <span>
        apply will run as <b><bdi>{name ?? 'the legacy role'}</bdi></b>
      </span>
    </span>
  )
}
