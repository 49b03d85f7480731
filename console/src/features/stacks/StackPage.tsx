import { useParams } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { Missing } from '@/app/Missing'
import { StackEnvironment } from '@/features/config/StackEnvironment'
import { StackContexts } from '@/features/contexts/StackContexts'
import { StackState } from '@/features/state/StackState'
import { StackHeadDocument, type StackHeadQuery } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { Loaded } from '@/ui/Loaded'
import { Notice } from '@/ui/Notice'
import { Page, Tabs } from '@/ui/Page'
import { StateBadge } from '@/ui/StateBadge'
import { StackAccess } from './StackAccess'
import { StackActions } from './StackActions'
import { StackRuns } from './StackRuns'
import { StackSettings } from './StackSettings'

export type StackHead = NonNullable<StackHeadQuery['stack']>

const TABS: { id: string; label: string; Content: ComponentType<{ stack: StackHead }> }[] = [
  { id: 'runs', label: 'Runs', Content: StackRuns },
  { id: 'access', label: 'Cloud access', Content: StackAccess },
  { id: 'environment', label: 'Environment', Content: StackEnvironment },
  { id: 'contexts', label: 'Contexts', Content: StackContexts },
  { id: 'state', label: 'State', Content: StackState },
  { id: 'settings', label: 'Settings', Content: StackSettings },
]

export function StackPage() {
  const { id, tab } = useParams({ from: '/stacks/$id/$tab' })
  const query = useData(StackHeadDocument, { id })
  return (
    <Loaded query={query}>
      {({ stack }) => {
        if (!stack) return <Missing what="stack" id={id} />
        const current = TABS.find((one) => one.id === tab) ?? TABS[0]
        return (
          <Page
            title={stack.name}
            crumbs={[{ label: stack.spaceDetails.name }, { label: 'Stacks', to: '/stacks' }]}
            actions={<StackActions stack={stack} />}
            heading={
              <span className="row wrap">
                <bdi>{stack.name}</bdi>
                <span style={{ fontSize: 13, fontWeight: 400 }}>
                  <StateBadge state={stack.state} />
                </span>
              </span>
            }
          >
            <div className="stack">
              <Standing stack={stack} />
              <div>
                <Tabs tabs={TABS} current={current?.id ?? ''} to="/stacks/$id/$tab" params={{ id }} />
                {current && <current.Content stack={stack} key={`${id} ${current.id}`} />}
              </div>
            </div>
          </Page>
        )
      }}
    </Loaded>
  )
}

/** What holds the stack up. */
function Standing({ stack }: { stack: StackHead }) {
  return (
    <>
      {stack.deleting && <Notice kind="warn">The stack is being deleted.</Notice>}
      {stack.isDisabled && <Notice>The stack is disabled: it starts nothing but a destroy run.</Notice>}
      {stack.lockedBy && (
        <Notice kind="warn">
          Locked: <bdi>{stack.lockedBy}</bdi>
          {stack.lockNote && (
            <>
              {' — '}
              <bdi>{stack.lockNote}</bdi>
            </>
          )}
        </Notice>
      )}
    </>
  )
}
