import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router'
import { AuditPage } from '@/features/audit/AuditPage'
import { IntegrationForm } from '@/features/cloud-integrations/IntegrationForm'
import { IntegrationList } from '@/features/cloud-integrations/IntegrationList'
import { IntegrationPage } from '@/features/cloud-integrations/IntegrationPage'
import { ContextForm } from '@/features/contexts/ContextForm'
import { ContextList } from '@/features/contexts/ContextList'
import { ContextPage } from '@/features/contexts/ContextPage'
import { RunById } from '@/features/runs/RunById'
import { RunList } from '@/features/runs/RunList'
import { RunPage } from '@/features/runs/RunPage'
import { SettingsPage } from '@/features/settings/SettingsPage'
import { SpacesPage } from '@/features/spaces/SpacesPage'
import { StackCreate } from '@/features/stacks/StackCreate'
import { StackList } from '@/features/stacks/StackList'
import { StackPage } from '@/features/stacks/StackPage'
import { PoolPage } from '@/features/workers/PoolPage'
import { WorkersPage } from '@/features/workers/WorkersPage'
import { Missing } from './Missing'
import { Shell } from './Shell'

/** What stands after `?` in an address: texts, by name. Others are dropped. */
export type Words<K extends string> = Partial<Record<K, string>>
function words<K extends string>(...names: K[]) {
  return (given: Record<string, unknown>): Words<K> => {
    const found: Words<K> = {}
    for (const name of names) {
      const value = given[name]
      if (typeof value === 'string' && value !== '') found[name] = value
      else if (typeof value === 'number' || typeof value === 'boolean') found[name] = String(value)
    }
    return found
  }
}

const root = createRootRoute({ component: Shell, notFoundComponent: () => <Missing /> })
const at = <P extends string>(path: P) => ({ getParentRoute: () => root, path }) as const

const home = createRoute({ ...at('/'), beforeLoad: () => { throw redirect({ to: '/stacks' }) } })
const stacks = createRoute({ ...at('/stacks'), component: StackList, validateSearch: words('q', 'state', 'space', 'label', 'locked', 'order') })
const stackNew = createRoute({ ...at('/stacks/new'), component: StackCreate })
const stack = createRoute({ ...at('/stacks/$id/$tab'), component: StackPage, validateSearch: words('q', 'kind', 'edit', 'version') })
const stackHome = createRoute({ ...at('/stacks/$id'), beforeLoad: ({ params }) => { throw redirect({ to: '/stacks/$id/$tab', params: { id: params.id, tab: 'runs' }, replace: true }) } })
const run = createRoute({ ...at('/stacks/$id/runs/$run'), component: RunPage, validateSearch: words('view', 'visit', 'line', 'q', 'resource') })
const runs = createRoute({ ...at('/runs'), component: RunList, validateSearch: words('state', 'type', 'space', 'stack') })
const runById = createRoute({ ...at('/runs/$run'), component: RunById })
const integrations = createRoute({ ...at('/cloud-integrations'), component: IntegrationList, validateSearch: words('q', 'cloud', 'space', 'label', 'health') })
const integrationNew = createRoute({ ...at('/cloud-integrations/new/$cloud'), component: IntegrationForm })
const integration = createRoute({ ...at('/cloud-integrations/$cloud/$id/$tab'), component: IntegrationPage, validateSearch: words('stack', 'access', 'as') })
const contexts = createRoute({ ...at('/contexts'), component: ContextList, validateSearch: words('q') })
const contextNew = createRoute({ ...at('/contexts/new'), component: ContextForm })
const context = createRoute({ ...at('/contexts/$id/$tab'), component: ContextPage })
const workers = createRoute({ ...at('/workers'), component: WorkersPage })
const pool = createRoute({ ...at('/workers/$id'), component: PoolPage })
const spaces = createRoute({ ...at('/spaces'), component: SpacesPage, validateSearch: words('space') })
const audit = createRoute({ ...at('/audit'), component: AuditPage, validateSearch: words('action', 'actor', 'stack', 'space', 'kind', 'from', 'until') })
const settings = createRoute({ ...at('/settings'), component: SettingsPage })
// Addresses that the public clients open.
const clientStack = createRoute({ ...at('/stack/$id'), beforeLoad: ({ params }) => { throw redirect({ to: '/stacks/$id/$tab', params: { id: params.id, tab: 'runs' }, replace: true }) } })
const clientRun = createRoute({ ...at('/stack/$id/run/$run'), beforeLoad: ({ params }) => { throw redirect({ to: '/stacks/$id/runs/$run', params: { id: params.id, run: params.run }, replace: true }) } })

export const router = createRouter({
  routeTree: root.addChildren([
    home, stacks, stackNew, stack, stackHome, run, runs, runById, integrations, integrationNew, integration,
    contexts, contextNew, context, workers, pool, spaces, audit, settings, clientStack, clientRun,
  ]),
  defaultPreload: false,
  scrollRestoration: true,
  // Plain words in addresses, as people type them.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const pairs = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
    const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()
    return text ? `?${text}` : ''
  },
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
