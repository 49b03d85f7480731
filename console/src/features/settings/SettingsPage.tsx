import { useViewer } from '@/app/Gate'
import { ApiKeysDocument, InstallationDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { type Theme, setTheme, useTheme } from '@/lib/theme'
import { CopyId } from '@/ui/CopyId'
import { Loaded } from '@/ui/Loaded'
import { Notice } from '@/ui/Notice'
import { Page } from '@/ui/Page'
import { Panel } from '@/ui/Panel'
import { ApiKeys } from './ApiKeys'

const THEMES: [Theme, string][] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

export function SettingsPage() {
  const viewer = useViewer()
  const theme = useTheme()
  const keys = useData(ApiKeysDocument, {}, { retry: false })
  const about = useData(InstallationDocument, {})
  return (
    <Page title="Settings">
      <div className="stack">
        {keys.error ? (
          <Panel title="API keys">
            <Notice>
              <bdi>{keys.error.message}</bdi>
            </Notice>
          </Panel>
        ) : (
          <Loaded query={keys}>{(data) => <ApiKeys keys={data.apiKeys} />}</Loaded>
        )}
        <Panel title="This console">
          <div className="stack">
            <p>
              You are <bdi className="strong">{viewer.name}</bdi> <CopyId value={viewer.id} />
            </p>
            <div className="segmented" role="group" aria-label="Theme" style={{ alignSelf: 'flex-start' }}>
              {THEMES.map(([id, label]) => (
                <button key={id} type="button" aria-pressed={theme === id} onClick={() => setTheme(id)}>
                  {label}
                </button>
              ))}
            </div>
          </div>
        </Panel>
        <Panel title="This installation">
          <Loaded query={about} rows={3}>
            {(data) => (
              <dl className="facts">
                <dt>Account</dt>
                <dd>
                  <CopyId value={data.name} />
                </dd>
                {data.debugInfo.selfHostedVersion && (
                  <>
                    <dt>Version</dt>
                    <dd>{data.debugInfo.selfHostedVersion}</dd>
                  </>
                )}
                <dt>AWS account</dt>
                <dd>{data.spaceliftAwsAccountId ? <CopyId value={data.spaceliftAwsAccountId} /> : <span className="dim">the server has no AWS identity</span>}</dd>
                {data.outgoingIPAddresses.length > 0 && (
                  <>
                    <dt>Connects from</dt>
                    <dd>{data.outgoingIPAddresses.join(', ')}</dd>
                  </>
                )}
              </dl>
            )}
          </Loaded>
        </Panel>
      </div>
    </Page>
  )
}
