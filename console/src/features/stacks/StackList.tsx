import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useSpaceName, useSpaces } from '@/features/spaces/useSpaces'
import { type SearchInput, StackListDocument, type StackListQuery } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { Access } from '@/ui/Access'
import { Button } from '@/ui/Button'
import { Options } from '@/ui/Field'
import { Labels } from '@/ui/Labels'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { STATE_NAMES, StateBadge, stateWord } from '@/ui/StateBadge'
import { Table } from '@/ui/Table'
import { Time } from '@/ui/Time'

type Stack = StackListQuery['searchStacks']['edges'][number]['node']
const PAGE = 50

export function StackList() {
  const search = useSearch({ from: '/stacks' })
  const navigate = useNavigate({ from: '/stacks' })
  const [after, setAfter] = useState<string[]>([])
  const spaces = useSpaces()
  const set = (change: Partial<typeof search>) => {
    setAfter([])
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true })
  }
  const [text, setText] = useState(search.q ?? '')
  useEffect(() => setText(search.q ?? ''), [search.q])
  useEffect(() => {
    const timer = setTimeout(() => text !== (search.q ?? '') && set({ q: text }), 150)
    return () => clearTimeout(timer)
  })
  const query = useData(StackListDocument, { input: input(search, after.at(-1)) })
  const filtered = Boolean(search.q || search.state || search.space || search.label || search.locked)
  const create = (
    <Link className="button primary" to="/stacks/new">
      Create a stack
    </Link>
  )
  return (
    <Page title="Stacks" actions={spaces.some((space) => space.accessLevel === 'ADMIN') ? create : undefined}>
      <div className="filters" role="search">
        <input type="search" className="input" placeholder="Search name, repository, label" aria-label="Search" value={text} onChange={(event) => setText(event.target.value)} />
        <Options aria-label="State" value={search.state ?? ''} onChange={(state) => set({ state })} options={[{ value: '', label: 'any state' }, ...STATE_NAMES.map((state) => ({ value: state, label: stateWord(state) }))]} />
        <Options aria-label="Space" value={search.space ?? ''} onChange={(space) => set({ space })} options={[{ value: '', label: 'every space' }, ...spaces.map((space) => ({ value: space.id, label: space.name }))]} />
        <Options aria-label="Lock" value={search.locked ?? ''} onChange={(locked) => set({ locked })} options={[{ value: '', label: 'locked or not' }, { value: 'yes', label: 'locked' }, { value: 'no', label: 'not locked' }]} />
        <Options aria-label="Order" value={search.order ?? ''} onChange={(order) => set({ order })} options={[{ value: '', label: 'newest first' }, { value: 'name', label: 'by name' }]} />
        {search.label && (
          <Button onClick={() => set({ label: undefined })} aria-label={`Not only ${search.label}`}>
            label: <bdi>{search.label}</bdi> ×
          </Button>
        )}
      </div>
      <Loaded query={query} rows={8}>
        {({ searchStacks: { edges, pageInfo } }) =>
          edges.length === 0 ? (
            filtered ? (
              <Empty title="No stack fits">
                <Link className="button" to="/stacks" search={{}}>
                  Show all stacks
                </Link>
              </Empty>
            ) : (
              <Empty title="No stacks yet">
                <p className="sentence">A stack is one root of Terraform or OpenTofu code, with its settings, its state and its lock. Runs plan it and apply it.</p>
                {create}
              </Empty>
            )
          ) : (
            <>
              <div className="panel">
                <Rows stacks={edges.map((edge) => edge.node)} />
              </div>
              {(after.length > 0 || pageInfo.hasNextPage) && (
                <div className="row" style={{ marginTop: 12 }}>
                  <Button disabled={after.length === 0} onClick={() => setAfter(after.slice(0, -1))}>
                    Back
                  </Button>
                  <Button disabled={!pageInfo.hasNextPage} onClick={() => setAfter([...after, pageInfo.endCursor])}>
                    Next {PAGE}
                  </Button>
                </div>
              )}
            </>
          )
        }
      </Loaded>
    </Page>
  )
}

function Rows({ stacks }: { stacks: Stack[] }) {
  const spaceName = useSpaceName()
  return (
    <Table columns={['State', 'Name', 'Space', 'Source', 'Access', 'Since']}>
      {stacks.map((stack) => (
        <tr key={stack.id}>
          <td className="shrink" data-label="">
            <StateBadge state={stack.state} />
          </td>
          <td data-label="">
            <Link className="strong" to="/stacks/$id/$tab" params={{ id: stack.id, tab: 'runs' }}>
              <bdi>{stack.name}</bdi>
            </Link>{' '}
            {stack.lockedBy && <span className="badge" title={`locked by ${stack.lockedBy}`}>locked</span>}
            {stack.isDisabled && <span className="badge">disabled</span>}
            {stack.deleting && <span className="badge">being deleted</span>} <Labels labels={stack.labels} />
            {stack.blocker?.state === 'UNCONFIRMED' && (
              <div className="small">
                <Link to="/stacks/$id/runs/$run" params={{ id: stack.id, run: stack.blocker.id }}>
                  a plan waits for confirmation
                </Link>
              </div>
            )}
          </td>
          <td data-label="space">{spaceName(stack.space)}</td>
          <td data-label="" className="anywhere small dim">
            <bdi>
              {stack.repository}@{stack.branch}
              {stack.projectRoot ? ` /${stack.projectRoot}` : ''}
            </bdi>
          </td>
          <td data-label="">
            <AccessSummary stack={stack} />
          </td>
          <td data-label="" className="nowrap">{stack.stateSetAt ? <Time at={stack.stateSetAt} /> : ''}</td>
        </tr>
      ))}
    </Table>
  )
}

function AccessSummary({ stack }: { stack: Stack }) {
  const attached = stack.attachedAwsIntegrations
  if (attached.length === 0) return stack.integrations.aws.assumedRoleArn ? <span className="dim">legacy role</span> : null
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {attached.map((one) => (
        <span key={one.id} className="row" style={{ gap: 4 }}>
          {one.read && <Access access="read" />}
          {one.write && <Access access="write" />}
          <bdi className="small">{one.integration.name}</bdi>
        </span>
      ))}
    </span>
  )
}

function input(search: { q?: string; state?: string; space?: string; label?: string; locked?: string; order?: string }, after: string | undefined): SearchInput {
  const predicates: NonNullable<SearchInput['predicates']> = []
  if (search.state) predicates.push({ field: 'state', constraint: { enumEquals: [search.state] } })
  if (search.space) predicates.push({ field: 'space', constraint: { stringMatches: [search.space] } })
  if (search.label) predicates.push({ field: 'label', constraint: { stringMatches: [search.label] } })
  if (search.locked) predicates.push({ field: 'locked', constraint: { booleanEquals: [search.locked === 'yes'] } })
  return {
    first: PAGE,
    after: after ?? null,
    fullTextSearch: search.q ?? null,
    predicates,
    orderBy: search.order === 'name' ? { field: 'name', direction: 'ASC' } : null,
  }
}
