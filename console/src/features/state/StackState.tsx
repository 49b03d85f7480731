import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { StackHead } from '@/features/stacks/StackPage'
import { StackStateDocument, type StackStateQuery, StateDownloadDocument, StateLockRemoveDocument, StateRollbackDocument, StateVersionChangesDocument } from '@/gql/operations'
import { useData, useDeed } from '@/lib/graphql'
import { bytes } from '@/lib/text'
import { Button } from '@/ui/Button'
import { ConfirmDialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Loaded } from '@/ui/Loaded'
import { Empty, Notice } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { Table } from '@/ui/Table'
import { Time } from '@/ui/Time'

type Version = NonNullable<StackStateQuery['stack']>['stateVersions'][number]

/** The versions of a state that is kept here, its lock and its outputs. */
export function StackState({ stack }: { stack: StackHead }) {
  const query = useData(StackStateDocument, { id: stack.id, before: null })
  const [back, setBack] = useState<Version | null>(null)
  const rollback = useDeed(StateRollbackDocument, () => setBack(null))
  const unlock = useDeed(StateLockRemoveDocument)
  const fetchUrl = useDeed(StateDownloadDocument, (made) => window.location.assign(made.stateDownloadUrl.url))
  if (!stack.managesStateFile) {
    return (
      <Empty title="The state is kept elsewhere">
        <p className="sentence">This stack’s code configures a backend of its own. Runs use it with the credentials of their phase.</p>
      </Empty>
    )
  }
  return (
    <Loaded query={query}>
      {(data) => {
        const found = data.stack
        if (!found) return null
        const lock = found.stateLock
        return (
          <div className="stack">
            <Failure error={unlock.error ?? fetchUrl.error} />
            {lock && (
              <Notice kind="warn">
                The state is locked for {lock.operation} in the phase {lock.phase} of <Link to="/stacks/$id/runs/$run" params={{ id: stack.id, run: lock.run }}>a run</Link> by <bdi>{lock.holder}</bdi> (<Time at={lock.lockedAt} />).{' '}
                {found.spaceDetails.accessLevel === 'ADMIN' && (
                  <Button busy={unlock.isPending} onClick={() => unlock.mutate({ stack: stack.id })}>
                    Remove the lock
                  </Button>
                )}
              </Notice>
            )}
            <Panel title="Versions, newest first" flush>
              {found.stateVersions.length === 0 ? (
                <Empty title="No state yet">
                  <p>The first apply writes one.</p>
                </Empty>
              ) : (
                <Table columns={['Serial', 'Written', 'By', 'Resources', 'Size', { hidden: 'Actions' }]}>
                  {found.stateVersions.map((version, place) => (
                    <tr key={version.id}>
                      <td data-label="serial">
                        {version.serial} {place === 0 && <span className="badge">current</span>}
                      </td>
                      <td data-label="">
                        <Time at={version.createdAt} />
                      </td>
                      <td data-label="by">
                        <bdi>{version.author}</bdi>{' '}
                        {version.run ? (
                          <Link to="/stacks/$id/runs/$run" params={{ id: stack.id, run: version.run }}>
                            {version.phase}
                          </Link>
                        ) : (
                          version.origin.toLowerCase()
                        )}
                      </td>
                      <td data-label="">
                        <Changes stack={stack.id} version={version} />
                      </td>
                      <td data-label="size">{bytes(version.bytes)}</td>
                      <td data-label="" className="shrink">
                        {stack.canWrite && (
                          <span className="row">
                            <Button busy={fetchUrl.isPending} onClick={() => fetchUrl.mutate({ input: { stackId: stack.id, versionId: version.id } })} aria-label={`Download serial ${version.serial}`}>
                              Download
                            </Button>
                            {place > 0 && <Button onClick={() => setBack(version)}>Roll back to it</Button>}
                          </span>
                        )}
                      </td>
                    </tr>
                  ))}
                </Table>
              )}
            </Panel>
            {found.outputs.length > 0 && (
              <Panel title="Outputs">
                <dl className="facts">
                  {found.outputs.map((output) => (
                    <div key={output.id} style={{ display: 'contents' }}>
                      <dt className="mono">{output.id}</dt>
                      <dd className="mono">{output.value === null ? <span className="dim">{output.sensitive ? 'sensitive, hidden' : 'hidden'}</span> : <bdi>{output.value}</bdi>}</dd>
                    </div>
                  ))}
                </dl>
              </Panel>
            )}
            <ConfirmDialog open={back !== null} onClose={() => setBack(null)} title={`Roll back to serial ${back?.serial}`} effect={`Make serial ${back?.serial} the newest`} name={stack.id} busy={rollback.isPending} error={rollback.error} onConfirm={() => back && rollback.mutate({ stack: stack.id, version: back.id })}>
              <p className="sentence">Its content becomes a new version. Nothing in the cloud changes; the next plan compares with it.</p>
            </ConfirmDialog>
          </div>
        )
      }}
    </Loaded>
  )
}

const SIGNS = { ADDED: '+', CHANGED: '~', REMOVED: '−' } as const

function Changes({ stack, version }: { stack: string; version: Version }) {
  const [open, setOpen] = useState(false)
  const query = useData(StateVersionChangesDocument, { id: stack, version: version.id }, { enabled: open })
  const delta = version.delta
  if (!delta) return <span className="dim">—</span>
  const changes = query.data?.stack?.stateVersion?.changes
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="mono">
        {delta.resources} (+{delta.added} ~{delta.changed} −{delta.removed})
      </summary>
      <Failure error={query.error} />
      <ul className="mono anywhere">
        {changes?.map((change) => (
          <li key={`${change.action} ${change.address}`}>
            {SIGNS[change.action]} <bdi>{change.address}</bdi>
          </li>
        ))}
        {changes?.length === 0 && <li className="dim">no resource differs</li>}
      </ul>
    </details>
  )
}
