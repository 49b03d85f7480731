import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useDeferredValue, useState } from 'react'
import { useSpaceName, useSpaces } from '@/features/spaces/useSpaces'
import { ContextsDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { count } from '@/lib/text'
import { Button } from '@/ui/Button'
import { Labels } from '@/ui/Labels'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { Table } from '@/ui/Table'
import { Time } from '@/ui/Time'

export function ContextList() {
  const search = useSearch({ from: '/contexts' })
  const navigate = useNavigate({ from: '/contexts' })
  const spaceName = useSpaceName()
  const may = useSpaces().some((space) => space.accessLevel === 'ADMIN')
  const asked = useDeferredValue(search.q ?? '')
  const [after, setAfter] = useState<string[]>([])
  const query = useData(ContextsDocument, { input: { first: 50, after: after.at(-1) ?? null, fullTextSearch: asked, orderBy: { field: 'name', direction: 'ASC' } } })
  const create = (
    <Link className="button primary" to="/contexts/new">
      Create a context
    </Link>
  )
  return (
    <Page title="Contexts" actions={may ? create : undefined}>
      <div className="filters" role="search">
        <input
          type="search"
          className="input"
          aria-label="Search"
          placeholder="Search name, label"
          value={search.q ?? ''}
          onChange={(event) => {
            setAfter([])
            void navigate({ search: { q: event.target.value }, replace: true })
          }}
        />
      </div>
      <Loaded query={query}>
        {({ searchContexts: { edges, pageInfo } }) =>
          edges.length === 0 ? (
            <Empty title={search.q ? 'No context fits' : 'No contexts yet'}>
              <p className="sentence">A context holds variables, files and hooks that several stacks share.</p>
              {may && create}
            </Empty>
          ) : (
            <>
              <div className="panel">
                <Table columns={['Name', 'Space', 'Used by', 'Changed']}>
                  {edges.map(({ node }) => (
                    <tr key={node.id}>
                      <td data-label="">
                        <Link className="strong" to="/contexts/$id/$tab" params={{ id: node.id, tab: 'environment' }}>
                          <bdi>{node.name}</bdi>
                        </Link>{' '}
                        <Labels labels={node.labels} />
                        {node.description && (
                          <div className="dim small">
                            <bdi>{node.description}</bdi>
                          </div>
                        )}
                      </td>
                      <td data-label="space">{spaceName(node.space)}</td>
                      <td data-label="used by">{count(node.attachedStacks.length, 'stack')}</td>
                      <td data-label="changed">
                        <Time at={node.updatedAt} />
                      </td>
                    </tr>
                  ))}
                </Table>
              </div>
              {(after.length > 0 || pageInfo.hasNextPage) && (
                <div className="row" style={{ marginTop: 12 }}>
                  <Button disabled={after.length === 0} onClick={() => setAfter(after.slice(0, -1))}>
                    Back
                  </Button>
                  <Button disabled={!pageInfo.hasNextPage} onClick={() => setAfter([...after, pageInfo.endCursor])}>
                    Next 50
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
