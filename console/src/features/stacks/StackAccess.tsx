import { PROVIDERS } from '@/features/cloud-integrations/registry'
import { StackAccessDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { Loaded } from '@/ui/Loaded'
import { Panel } from '@/ui/Panel'
import { PhaseTable } from './PhaseTable'
import type { StackHead } from './StackPage'
import { WhyTable } from './WhyTable'

/** Which credentials each phase would get, and what is attached. */
export function StackAccess({ stack }: { stack: StackHead }) {
  const query = useData(StackAccessDocument, { id: stack.id })
  return (
    <div className="stack">
      <Loaded query={query} rows={4}>
        {(data) => {
          const access = data.stack?.cloudAccess ?? []
          return (
            <>
              <Panel title="What a phase may touch, if it started now" flush>
                <PhaseTable access={access} />
              </Panel>
              <details className="panel">
                <summary style={{ padding: '8px 12px' }}>Why?</summary>
                <WhyTable access={access} />
              </details>
            </>
          )
        }}
      </Loaded>
      {PROVIDERS.map((provider) => (
        <provider.OnStack key={provider.cloud} stack={stack.id} space={stack.space} />
      ))}
    </div>
  )
}
