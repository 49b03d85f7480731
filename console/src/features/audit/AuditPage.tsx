import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { AuditDocument, type AuditQuery, type SearchInput } from '@/gql/operations'
import { request, useData } from '@/lib/graphql'
import { download } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Failure } from '@/ui/Failure'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { Table } from '@/ui/Table'
import { Time } from '@/ui/Time'

type Event = AuditQuery['searchAuditEvents']['edges'][number]['node']
type Filter = 'action' | 'actor' | 'stack' | 'space' | 'kind'
const FILTERS: [Filter, string, string][] = [
  ['action', 'action', 'Action, such as stack.lock'],
  ['actor', 'actor', 'Who: ID or name'],
  ['stack', 'stack', 'Stack'],
  ['space', 'space', 'Space'],
  ['kind', 'targetKind', 'Kind of thing'],
]
/** An export ends here; a narrower period gets the rest. */
const MOST = 5000

type Words = Partial<Record<Filter | 'from' | 'until', string>>

function variables(search: Words, after: string | null) {
  const predicates: NonNullable<SearchInput['predicates']> = FILTERS.flatMap(([name, field]) => {
    const value = search[name]?.trim()
    return value ? [{ field, constraint: { stringMatches: [value] } }] : []
  })
  const seconds = (text: string | undefined) => (text ? Math.floor(new Date(text).getTime() / 1000) || null : null)
  return { input: { first: 50, after, predicates }, from: seconds(search.from), until: seconds(search.until) }
}

export function AuditPage() {
  const search = useSearch({ from: '/audit' })
  const navigate = useNavigate({ from: '/audit' })
  const [after, setAfter] = useState<string[]>([])
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const query = useData(AuditDocument, variables(search, after.at(-1) ?? null))
  const set = (change: Words) => {
    setAfter([])
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true })
  }
  const save = async () => {
    setBusy(true)
    setError(null)
    try {
      const events: Event[] = []
      for (let cursor: string | null = null; events.length < MOST; ) {
        const { searchAuditEvents: page }: AuditQuery = await request(AuditDocument, variables(search, cursor))
        events.push(...page.edges.map((edge) => edge.node))
        if (!page.pageInfo.hasNextPage) break
        cursor = page.pageInfo.endCursor
      }
      download('audit.jsonl', events.map((event) => `${JSON.stringify(event)}\n`).join(''))
    } catch (caught) {
      setError(caught as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Page title="Audit" actions={<Button busy={busy} onClick={save}>Export what is shown</Button>}>
      <div className="filters" role="search">
        {FILTERS.map(([name, , label]) => (
          <input key={name} className="input" style={{ width: 170 }} {...(name === 'action' ? { type: 'search' } : {})} aria-label={label} placeholder={label} defaultValue={search[name] ?? ''} onKeyDown={(event) => event.key === 'Enter' && set({ [name]: event.currentTarget.value })} onBlur={(event) => event.currentTarget.value !== (search[name] ?? '') && set({ [name]: event.currentTarget.value })} />
        ))}
        <label className="row">
          from <input type="datetime-local" className="input" style={{ width: 190 }} value={search.from ?? ''} onChange={(event) => set({ from: event.target.value })} />
        </label>
        <label className="row">
          until <input type="datetime-local" className="input" style={{ width: 190 }} value={search.until ?? ''} onChange={(event) => set({ until: event.target.value })} />
        </label>
      </div>
      <Failure error={error} />
      <Loaded query={query} rows={10}>
        {({ searchAuditEvents: { edges, pageInfo } }) =>
          edges.length === 0 ? (
            <Empty title="Nothing was done">
              <p>{Object.keys(search).length > 0 ? 'Not by these filters, at least.' : 'Everything that somebody does leaves an event here.'}</p>
            </Empty>
          ) : (
            <>
              <div className="panel">
                <Table columns={['When', 'Who', 'Did', 'To', 'Where', 'Details']}>
                  {edges.map(({ node }) => (
                    <Row key={node.id} event={node} />
                  ))}
                </Table>
              </div>
              <div className="row" style={{ marginTop: 12 }}>
                <Button disabled={after.length === 0} onClick={() => setAfter(after.slice(0, -1))}>
                  Newer
                </Button>
                <Button disabled={!pageInfo.hasNextPage} onClick={() => setAfter([...after, pageInfo.endCursor])}>
                  Older
                </Button>
              </div>
            </>
          )
        }
      </Loaded>
    </Page>
  )
}

function Row({ event }: { event: Event }) {
  const details = Object.entries((event.details ?? {}) as Record<string, unknown>)
  return (
    <tr>
      <td data-label="" className="shrink">
        <Time at={Math.floor(event.timestampMs / 1000)} />
      </td>
      <td data-label="">
        <Link to="/audit" search={{ actor: event.actor }} title={event.actor}>
          <bdi>{event.actorName}</bdi>
        </Link>
      </td>
      <td data-label="" className="mono nowrap">
        <Link to="/audit" search={{ action: event.action }}>
          {event.action}
        </Link>
      </td>
      <td data-label="">
        <span className="dim">{event.targetKind}</span> <bdi>{event.targetName ?? event.targetId}</bdi>
      </td>
      <td data-label="">
        {event.stack && event.run ? (
          <Link to="/stacks/$id/runs/$run" params={{ id: event.stack, run: event.run }}>
            <bdi>{event.stack}</bdi>, run
          </Link>
        ) : event.stack ? (
          <Link to="/stacks/$id/$tab" params={{ id: event.stack, tab: 'runs' }}>
            <bdi>{event.stack}</bdi>
          </Link>
        ) : (
          <span className="dim">{event.space ?? 'account'}</span>
        )}
      </td>
      <td data-label="" className="details-json small anywhere">
        {details.map(([name, value]) => (
          <div key={name}>
            <span className="dim">{name}</span> <bdi>{typeof value === 'string' ? value : JSON.stringify(value)}</bdi>
          </div>
        ))}
      </td>
    </tr>
  )
}
