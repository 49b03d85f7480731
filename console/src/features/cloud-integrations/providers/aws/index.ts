import type { Provider } from '../../provider'
import { AwsActions } from './AwsActions'
import { AwsCreate } from './AwsCreate'
import { AwsEdit } from './AwsEdit'
import { AwsOnStack } from './AwsOnStack'
import { AwsOverview } from './AwsOverview'
import { AwsTrust } from './AwsTrust'
import { AwsVerifications } from './AwsVerifications'
import { useAwsIntegrations } from './useAwsIntegrations'

export const aws: Provider = {
  cloud: 'aws',
  label: 'AWS',
  useIntegrations: useAwsIntegrations,
  Create: AwsCreate,
  Actions: AwsActions,
  OnStack: AwsOnStack,
  tabs: [
    { id: 'overview', label: 'Overview', Content: AwsOverview },
    { id: 'trust', label: 'Trust policy', Content: AwsTrust },
    { id: 'verifications', label: 'Verifications', Content: AwsVerifications },
    { id: 'edit', label: 'Edit', Content: AwsEdit },
  ],
}
