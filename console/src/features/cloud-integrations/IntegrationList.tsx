import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useSpaceName } from '@/features/spaces/useSpaces'
import { count } from '@/lib/text'
import { Accesses } from '@/ui/Access'
import { CopyId } from '@/ui/CopyId'
import { Failure } from '@/ui/Failure'
import { Options } from '@/ui/Field'
import { Labels } from '@/ui/Labels'
import { Skeleton } from '@/ui/Loaded'
import { Menu } from '@/ui/Menu'
import { Empty } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { Table } from '@/ui/Table'
import { HealthLine } from './HealthLine'
import { type Integration, health } from './provider'
import { PROVIDERS, cloudLabel } from './registry'

const HEALTHS = [
  { value: '', label: 'any health' },
  { value: 'verified', label: 'verified' },
  { value: 'problem', label: 'with a problem' },
  { value: 'untried', label: 'not tried yet' },
]

/** Everything that connects the account to clouds, in one list. */
export function IntegrationList() {
  const search = useSearch({ from: '/cloud-integrations' })
  const navigate = useNavigate({ from: '/cloud-integrations' })
  const listings = PROVIDERS.map((provider) => provider.useIntegrations())
  const all = listings.flatMap((listing) => listing.data ?? [])
  const shown = all.filter((integration) => fits(integration, search))
  const set = (change: Partial<typeof search>) => navigate({ search: (old) => ({ ...old, ...change }), replace: true })
  const distinct = (values: string[], every: string) => [
    { value: '', label: every },
    ...[...new Set(values)].sort().map((value) => ({ value, label: value })),
  ]
  const actions =
    PROVIDERS.length === 1 && PROVIDERS[0] ? (
      <Link className="button primary" to="/cloud-integrations/new/$cloud" params={{ cloud: PROVIDERS[0].cloud }}>
        Add {PROVIDERS[0].label} integration
      </Link>
    ) : (
      <Menu
        look="primary"
        label="Add integration"
        items={PROVIDERS.map((provider) => ({
          label: provider.label,
          onSelect: () => void navigate({ to: '/cloud-integrations/new/$cloud', params: { cloud: provider.cloud } }),
        }))}
      />
    )
  return (
    <Page title="Cloud integrations" actions={actions}>
      {listings.map((listing, place) => (
        <Failure key={place} error={listing.error} retry={listing.refetch} />
      ))}
      <div className="filters" role="search">
        <input type="search" className="input" placeholder="Search name, role, stack" aria-label="Search" value={search.q ?? ''} onChange={(event) => set({ q: event.target.value })} />
        {PROVIDERS.length > 1 && <Options aria-label="Cloud" value={search.cloud ?? ''} onChange={(cloud) => set({ cloud })} options={[{ value: '', label: 'every cloud' }, ...PROVIDERS.map((p) => ({ value: p.cloud, label: p.label }))]} />}
        <Options aria-label="Space" value={search.space ?? ''} onChange={(space) => set({ space })} options={distinct(all.map((one) => one.space), 'every space')} />
        <Options aria-label="Label" value={search.label ?? ''} onChange={(label) => set({ label })} options={distinct(all.flatMap((one) => one.labels), 'any label')} />
        <Options aria-label="Health" value={search.health ?? ''} onChange={(health) => set({ health })} options={HEALTHS} />
        <span className="count" role="status">
          {shown.length} of {all.length}
        </span>
      </div>
      {listings.some((listing) => listing.isPending && !listing.error) ? (
        <Skeleton rows={5} />
      ) : all.length === 0 ? (
        <Empty title="No cloud is connected yet">
          <p className="sentence">An integration names a role. Stacks that it is attached to get that role’s credentials for the minutes of a phase: read in plans, write in applies.</p>
          {actions}
        </Empty>
      ) : shown.length === 0 ? (
        <Empty title="Nothing fits">
          <Link className="button" to="/cloud-integrations" search={{}}>
            Show all {all.length}
          </Link>
        </Empty>
      ) : (
        <Rows integrations={shown} />
      )}
    </Page>
  )
}

function Rows({ integrations }: { integrations: Integration[] }) {
  const spaceName = useSpaceName()
  return (
    <div className="panel">
      <Table columns={['Cloud', 'Name', 'Identity', 'Space', 'Used by', 'As', 'Health']}>
        {integrations.map((one) => (
          <tr key={`${one.cloud} ${one.id}`}>
            <td className="shrink" data-label="">
              <span className="badge">{cloudLabel(one.cloud)}</span>
            </td>
            <td data-label="">
              <Link className="strong" to="/cloud-integrations/$cloud/$id/$tab" params={{ cloud: one.cloud, id: one.id, tab: 'overview' }}>
                <bdi>{one.name}</bdi>
              </Link>{' '}
              <Labels labels={one.labels} />
            </td>
            <td className="id" data-label="">
              <CopyId value={one.identity} label="identity" />
            </td>
            <td data-label="space">{spaceName(one.space)}</td>
            <td className="nowrap" data-label="used by">{count(one.served.length, 'stack')}</td>
            <td data-label="as">
              <Accesses read={one.served.some((served) => served.read)} write={one.served.some((served) => served.write)} />
            </td>
            <td data-label="">
              <HealthLine integration={one} />
            </td>
          </tr>
        ))}
      </Table>
    </div>
  )
}

function fits(integration: Integration, search: { q?: string; cloud?: string; space?: string; label?: string; health?: string }): boolean {
  const text = [integration.name, integration.identity, ...integration.labels, ...integration.served.map((served) => served.stackName)].join(' ').toLowerCase()
  return (
    (!search.cloud || integration.cloud === search.cloud) &&
    (!search.space || integration.space === search.space) &&
    (!search.label || integration.labels.includes(search.label)) &&
    (!search.health || health(integration) === search.health) &&
    (search.q ?? '').toLowerCase().split(/\s+/).every((word) => text.includes(word))
  )
}
