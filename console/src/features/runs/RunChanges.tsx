import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { RunChangesListDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { count } from '@/lib/text'
import { Loaded } from '@/ui/Loaded'
import { Empty } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { type Action, type Change, readPlan } from './changes/plan'

const SIGNS: Record<Action, [string, string]> = {
  add: ['+', 'add'],
  change: ['~', 'change'],
  delete: ['−', 'delete'],
  replace: ['±', 'replace'],
  move: ['→', 'move'],
  import: ['⇥', 'import'],
  forget: ['∅', 'forget'],
  read: ['<', 'read'],
}

/** What the plan would change: by module, attribute by attribute where one may see values. */
export function RunChanges({ stack, run }: { stack: string; run: string }) {
  const query = useData(RunChangesListDocument, { stack, run })
  return (
    <Loaded query={query}>
      {(data) => {
        const found = data.stack?.run
        const listed = (found?.changesV3 ?? []).flatMap((part) => part.resources)
        return <Tree planJson={found?.planJson ?? null} listed={listed} />
      }}
    </Loaded>
  )
}

function Tree({ planJson, listed }: { planJson: string | null; listed: { address: string; previousAddress: string | null; metadata: { type: string } }[] }) {
  const changes = useMemo(() => {
    const read = planJson === null ? null : readPlan(planJson)
    return (
      read ??
      listed.map((one): Change => ({ address: one.address, module: moduleOf(one.address), action: one.metadata.type as Action, previousAddress: one.previousAddress, attributes: [], unchanged: 0 }))
    )
  }, [planJson, listed])
  if (changes.length === 0) {
    return (
      <Empty title="Nothing to change">
        <p>What is there is what the code says.</p>
      </Empty>
    )
  }
  const modules = [...new Set(changes.map((change) => change.module))].sort()
  return (
    <div className="stack">
      {modules.map((module) => {
        const within = changes.filter((change) => change.module === module)
        return (
          <Panel key={module} title={<bdi className={module ? 'mono' : ''}>{module === '' ? 'root module' : module}</bdi>} actions={<span className="dim">{count(within.length, 'change')}</span>} flush>
            <ul className="changes">
              {within.map((change) => (
                <li key={change.address}>
                  <One change={change} />
                </li>
              ))}
            </ul>
          </Panel>
        )
      })}
    </div>
  )
}

function One({ change }: { change: Change }) {
  const search = useSearch({ from: '/stacks/$id/runs/$run' })
  const navigate = useNavigate({ from: '/stacks/$id/runs/$run' })
  const [sign, word] = SIGNS[change.action] ?? ['?', change.action]
  const head = (
    <span className="mono anywhere">
      <span className={`sign ${change.action}`} role="img" aria-label={word}>
        {sign}
      </span>{' '}
      <bdi>{change.address}</bdi>
      {change.previousAddress && change.previousAddress !== change.address && <span className="dim"> was <bdi>{change.previousAddress}</bdi></span>}
    </span>
  )
  if (change.attributes.length === 0) return <div className="change-head">{head}</div>
  const open = search.resource === change.address || change.attributes.length <= 6
  return (
    <details
      open={open}
      onToggle={(event) => {
        if (event.currentTarget.open && !open) void navigate({ search: (old) => ({ ...old, resource: change.address }), replace: true, resetScroll: false })
      }}
    >
      <summary className="change-head">{head}</summary>
      <table className="diff">
        <tbody>
          {change.attributes.map((attribute) => (
            <tr key={attribute.path}>
              <th scope="row">
                <bdi>{attribute.path}</bdi>
                {attribute.forcesReplacement && <span className="fail"> forces replacement</span>}
              </th>
              {attribute.hidden ? (
                <td colSpan={2} className="dim">
                  changed, hidden
                </td>
              ) : (
                <>
                  {attribute.before !== null && (
                    <td className="before" colSpan={attribute.after === null ? 2 : 1}>
                      <bdi>{attribute.before}</bdi>
                    </td>
                  )}
                  {attribute.after !== null && (
                    <td className="after" colSpan={attribute.before === null ? 2 : 1}>
                      <bdi>{attribute.after}</bdi>
                    </td>
                  )}
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {change.unchanged > 0 && <p className="dim small unchanged">{count(change.unchanged, 'attribute')} unchanged</p>}
    </details>
  )
}

function moduleOf(address: string): string {
  const parts = address.split('.')
  const path: string[] = []
  for (let at = 0; parts[at] === 'module' && at + 1 < parts.length; at += 2) path.push(`module.${parts[at + 1]}`)
  return path.join('.')
}
