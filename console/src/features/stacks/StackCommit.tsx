import { type FormEvent, useState } from 'react'
import { StackSetCommitDocument, StackSyncCommitDocument } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { Failure } from '@/ui/Failure'
import { TextField } from '@/ui/Field'
import { Panel } from '@/ui/Panel'
import type { StackHead } from './StackPage'

/** Which commit runs take: the head of the branch, or one that somebody pinned. */
export function StackCommit({ stack }: { stack: StackHead }) {
  const [sha, setSha] = useState('')
  const pin = useDeed(StackSetCommitDocument, () => setSha(''))
  const follow = useDeed(StackSyncCommitDocument)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    pin.mutate({ id: stack.id, sha: sha.trim() })
  }
  return (
    <Panel title="Commit that runs take">
      <form className="stack" onSubmit={submit}>
        {stack.trackedCommit && (
          <p className="anywhere">
            <CopyId value={stack.trackedCommit.hash} label="commit" /> <bdi>{stack.trackedCommit.message.split('\n')[0]}</bdi>
          </p>
        )}
        <p className="dim">{stack.trackedCommitSetBy ? `Pinned by ${stack.trackedCommitSetBy}.` : `Follows the head of ${stack.branch}.`}</p>
        {stack.canWrite && (
          <>
            <TextField label="Pin to a commit" mono value={sha} onChange={setSha} placeholder="full hash" />
            <Failure error={pin.error ?? follow.error} />
            <div className="row">
              <Button type="submit" busy={pin.isPending} disabled={!sha.trim()}>
                Pin to it
              </Button>
              {stack.trackedCommitSetBy && (
                <Button busy={follow.isPending} onClick={() => follow.mutate({ id: stack.id })}>
                  Follow {stack.branch} again
                </Button>
              )}
            </div>
          </>
        )}
      </form>
    </Panel>
  )
}
