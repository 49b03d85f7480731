import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useSpaces } from '@/features/spaces/useSpaces'
import { SearchRunsDocument, type SearchInput, type SearchRunsQuery } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { Options } from '@/ui/Field'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { Panel } from '@/ui/Panel'
import { STATE_NAMES, stateWord } from '@/ui/StateBadge'
import { type RunOfStack, RunTable } from './RunTable'

type Words = { state?: string; type?: string; space?: string; stack?: string }
const PAGE = 50
const WAITING: SearchInput = { first: PAGE, predicates: [{ field: 'state', constraint: { enumEquals: ['UNCONFIRMED'] } }] }
const TYPES = [
  { value: '', label: 'every kind' },
  { value: 'TRACKED', label: 'tracked' },
  { value: 'PROPOSED', label: 'proposed' },
  { value: 'TASK', label: 'tasks' },
  { value: 'DESTROY', label: 'destroy' },
]

/** Runs of every stack: what waits for somebody first. */
export function RunList() {
  const search = useSearch({ from: '/runs' })
  const navigate = useNavigate({ from: '/runs' })
  const [after, setAfter] = useState<string[]>([])
  const spaces = useSpaces()
  const filtered = Object.keys(search).length > 0
  const waiting = useData(SearchRunsDocument, { input: WAITING })
  const query = useData(SearchRunsDocument, { input: input(search, after.at(-1)) })
  const set = (change: Words) => {
    setAfter([])
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true })
  }
  const waits = waiting.data?.searchRuns.edges ?? []
  return (
    <Page title="Runs">
      <div className="stack">
        {!filtered && waits.length > 0 && (
          <Panel title="Waits for somebody" flush>
            <RunTable runs={listed(waits)} />
          </Panel>
        )}
        <div>
          <div className="filters" role="search">
            <input type="search" className="input" aria-label="Stack" placeholder="ID of a stack" defaultValue={search.stack ?? ''} onKeyDown={(event) => event.key === 'Enter' && set({ stack: event.currentTarget.value.trim() })} onBlur={(event) => event.currentTarget.value.trim() !== (search.stack ?? '') && set({ stack: event.currentTarget.value.trim() })} />
            <Options aria-label="State" value={search.state ?? ''} onChange={(state) => set({ state })} options={[{ value: '', label: 'any state' }, ...STATE_NAMES.filter((state) => state !== 'NONE').map((state) => ({ value: state, label: stateWord(state) }))]} />
            <Options aria-label="Kind" value={search.type ?? ''} onChange={(type) => set({ type })} options={TYPES} />
            <Options aria-label="Space" value={search.space ?? ''} onChange={(space) => set({ space })} options={[{ value: '', label: 'every space' }, ...spaces.map((space) => ({ value: space.id, label: space.name }))]} />
          </div>
          <Loaded query={query} rows={8}>
            {({ searchRuns: { edges, pageInfo } }) =>
              edges.length === 0 ? (
                <Empty title={filtered ? 'No run fits' : 'Nothing has run yet'}>
                  {filtered ? (
                    <Link className="button" to="/runs" search={{}}>
                      Show all runs
                    </Link>
                  ) : (
                    <>
                      <p>A stack’s page starts runs.</p>
                      <Link className="button" to="/stacks">
                        To the stacks
                      </Link>
                    </>
                  )}
                </Empty>
              ) : (
                <>
                  <div className="panel">
                    <RunTable runs={listed(edges)} />
                  </div>
                  {(after.length > 0 || pageInfo.hasNextPage) && (
                    <div className="row" style={{ marginTop: 12 }}>
                      <Button disabled={after.length === 0} onClick={() => setAfter(after.slice(0, -1))}>
                        Newer
                      </Button>
                      <Button disabled={!pageInfo.hasNextPage} onClick={() => setAfter([...after, pageInfo.endCursor])}>
                        Older
                      </Button>
                    </div>
                  )}
                </>
              )
            }
          </Loaded>
        </div>
      </div>
    </Page>
  )
}

function listed(edges: SearchRunsQuery['searchRuns']['edges']): RunOfStack[] {
  return edges.map(({ node, stackId }) => ({ run: node, stack: stackId, stackName: stackId }))
}

function input(search: Words, after: string | undefined): SearchInput {
  const predicates: NonNullable<SearchInput['predicates']> = []
  if (search.state) predicates.push({ field: 'state', constraint: { enumEquals: [search.state] } })
  if (search.type) predicates.push({ field: 'type', constraint: { enumEquals: [search.type] } })
  if (search.space) predicates.push({ field: 'space', constraint: { stringMatches: [search.space] } })
  if (search.stack) predicates.push({ field: 'stack', constraint: { stringMatches: [search.stack] } })
  return { first: PAGE, after: after ?? null, predicates }
}
