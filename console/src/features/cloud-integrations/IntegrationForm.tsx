import { useParams } from '@tanstack/react-router'
import { Missing } from '@/app/Missing'
import { Page } from '@/ui/Page'
import { provider } from './registry'

export function IntegrationForm() {
  const { cloud } = useParams({ from: '/cloud-integrations/new/$cloud' })
  const found = provider(cloud)
  if (!found) return <Missing what="cloud" id={cloud} />
  return (
    <Page title={`New ${found.label} integration`} crumbs={[{ label: 'Cloud integrations', to: '/cloud-integrations' }]}>
      <found.Create />
    </Page>
  )
}
