import { useQueries } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useViewer } from '@/app/Gate'
import { StackPicker } from '@/features/stacks/StackPicker'
import { AwsTrustDocument } from '@/gql/operations'
import { request } from '@/lib/graphql'
import { count } from '@/lib/text'
import { Code } from '@/ui/Code'
import { Failure } from '@/ui/Failure'
import { Skeleton } from '@/ui/Loaded'
import { Empty, Notice } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { AwsTry } from './AwsTry'
import { asJson, asTerraform, forEveryStack, merged } from './trust'
import { useAwsIntegration } from './useAwsIntegrations'

const ACCESSES = [
  ['rw', 'Read and write'],
  ['r', 'Read'],
  ['w', 'Write'],
] as const

/** What the role has to accept, for the stacks and accesses that are chosen. */
export function AwsTrust({ id }: { id: string }) {
  const one = useAwsIntegration(id)
  const viewer = useViewer()
  const search = useSearch({ from: '/cloud-integrations/$cloud/$id/$tab' })
  const navigate = useNavigate({ from: '/cloud-integrations/$cloud/$id/$tab' })
  const set = (change: Partial<typeof search>) => navigate({ search: (old) => ({ ...old, ...change }), replace: true })
  const every = search.stack === '*'
  const attached = one?.attachedStacks.map((stack) => stack.stackId) ?? []
  const chosen = search.stack === undefined ? attached : every ? [] : search.stack.split(',')
  const access = search.access ?? 'rw'
  const [read, write] = [access.includes('r'), access.includes('w')]
  const asked = every ? attached.slice(0, 1) : chosen
  const answers = useQueries({
    queries: asked.map((stack) => ({
      queryKey: ['trust', id, stack, read, write],
      queryFn: () => request(AwsTrustDocument, { id, stack, read, write }),
      retry: false,
    })),
  })
  if (!one) return null
  const error = answers.find((answer) => answer.error)?.error ?? null
  const texts = answers.flatMap((answer) => answer.data?.awsIntegration?.externalIdForStack.assumeRolePolicyStatement ?? [])
  const waiting = answers.some((answer) => answer.isPending && !answer.error)
  const statement = every && texts[0] ? forEveryStack(texts[0], viewer.account, id, read, write) : merged(texts)
  const terraform = search.as === 'terraform'
  return (
    <div className="columns">
      <div className="stack">
        <Panel title="For which stacks">
          <div className="stack">
            <StackPicker chosen={chosen} onChange={(stacks) => set({ stack: stacks.length ? stacks.join(',') : '-' })} />
            {attached.length > 0 && (
              <div className="check">
                <input id="every" type="checkbox" checked={every} onChange={(event) => set({ stack: event.target.checked ? '*' : undefined })} />
                <label htmlFor="every">Every stack of the account, present and to come</label>
              </div>
            )}
            <div className="row wrap" role="group" aria-label="For which access">
              <span className="segmented">
                {ACCESSES.map(([value, label]) => (
                  <button key={value} type="button" aria-pressed={access === value} onClick={() => set({ access: value })}>
                    {label}
                  </button>
                ))}
              </span>
            </div>
          </div>
        </Panel>
        {chosen.length === 1 && chosen[0] && chosen[0] !== '-' && !one.generateCredentialsInWorker && <AwsTry id={id} stack={chosen[0]} read={read} write={write} />}
      </div>
      <Panel
        title="Trust policy of the role"
        actions={
          <span className="segmented" role="group" aria-label="As">
            <button type="button" aria-pressed={!terraform} onClick={() => set({ as: undefined })}>
              JSON
            </button>
            <button type="button" aria-pressed={terraform} onClick={() => set({ as: 'terraform' })}>
              Terraform
            </button>
          </span>
        }
      >
        <div className="stack">
          <Failure error={error} />
          {statement ? (
            <>
              {every && <Notice kind="warn">Admits every stack of the account, {read && write ? 'read and write' : read ? 'read only' : 'write'}: whoever can make a stack and attach this integration gets the role.</Notice>}
              {!every && <p className="dim">Admits {count(texts.length, 'stack')}, and no other.</p>}
              <Code label="trust policy" text={terraform ? asTerraform(statement, one.name) : asJson(statement)} />
            </>
          ) : waiting ? (
            <Skeleton rows={6} />
          ) : error ? null : (
            <Empty title="Choose a stack">
              <p className="sentence">The external ID names the integration, the stack and the access, so that no other stack can get the role.</p>
            </Empty>
          )}
        </div>
      </Panel>
    </div>
  )
}
