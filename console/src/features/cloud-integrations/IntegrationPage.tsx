import { useParams } from '@tanstack/react-router'
import { Missing } from '@/app/Missing'
import { useSpaceName } from '@/features/spaces/useSpaces'
import { Loaded } from '@/ui/Loaded'
import { Page, Tabs } from '@/ui/Page'
import type { Provider } from './provider'
import { provider } from './registry'

export function IntegrationPage() {
  const { cloud } = useParams({ from: '/cloud-integrations/$cloud/$id/$tab' })
  const found = provider(cloud)
  return found ? <OfProvider key={cloud} provider={found} /> : <Missing what="cloud" id={cloud} />
}

function OfProvider({ provider }: { provider: Provider }) {
  const { id, tab } = useParams({ from: '/cloud-integrations/$cloud/$id/$tab' })
  const listing = provider.useIntegrations()
  const spaceName = useSpaceName()
  return (
    <Loaded query={listing}>
      {(all) => {
        const integration = all.find((one) => one.id === id)
        if (!integration) return <Missing what={`${provider.label} integration`} id={id} />
        const current = provider.tabs.find((one) => one.id === tab) ?? provider.tabs[0]
        return (
          <Page
            title={integration.name}
            crumbs={[{ label: spaceName(integration.space) }, { label: 'Cloud integrations', to: '/cloud-integrations' }, { label: provider.label }]}
            actions={<provider.Actions integration={integration} />}
          >
            <Tabs tabs={provider.tabs} current={current?.id ?? ''} to="/cloud-integrations/$cloud/$id/$tab" params={{ cloud: provider.cloud, id }} />
            {current && <current.Content id={id} />}
          </Page>
        )
      }}
    </Loaded>
  )
}
