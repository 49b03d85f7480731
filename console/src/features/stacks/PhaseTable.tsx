import { cloudLabel, PROVIDERS } from '@/features/cloud-integrations/registry'
import type { RunType, StackAccessQuery } from '@/gql/operations'
import { Access } from '@/ui/Access'
import { CopyId } from '@/ui/CopyId'

export type Entry = NonNullable<StackAccessQuery['stack']>['cloudAccess'][number]

/** The phases, each with the kind of run that has it. */
const PHASES: [string, RunType][] = [
  ['initialize', 'TRACKED'],
  ['plan', 'TRACKED'],
  ['apply', 'TRACKED'],
  ['perform', 'TASK'],
  ['destroy', 'DESTROY'],
]

/** Phases are columns, clouds are rows; drawn from the server's own answer. */
export function PhaseTable({ access }: { access: Entry[] }) {
  const clouds = [...new Set(access.map((entry) => entry.cloud))]
  return (
    <table className="table phases">
      <thead>
        <tr>
          <th>Cloud</th>
          {PHASES.map(([phase]) => (
            <th key={phase}>{phase}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {clouds.map((cloud) => (
          <tr key={cloud}>
            <th scope="row">{cloudLabel(cloud)}</th>
            {PHASES.map(([phase, type]) => {
              const entry = access.find((one) => one.cloud === cloud && one.phase === phase && one.runType === type)
              return (
                <td key={phase} data-label={phase} className={entry ? `phase-cell ${entry.access}` : 'phase-cell'}>
                  {entry && <Cell entry={entry} />}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Cell({ entry }: { entry: Entry }) {
  const name = useIntegrationName(entry.integration)
  if (entry.fails) return <span className="fail" title={entry.explanation}>✗ the phase would fail</span>
  if (!entry.roleArn) return <span className="dim" title={entry.explanation}>no credentials</span>
  return (
    <div className={entry.integration ? 'bar' : 'bar dashed'}>
      <span className="row" style={{ gap: 6 }}>
        <Access access={entry.access} />
        <bdi className="strong">{name ?? 'legacy role'}</bdi>
      </span>
      {entry.externalId && (
        <span className="small">
          <CopyId value={entry.externalId} label="external ID" />
        </span>
      )}
    </div>
  )
}

export function useIntegrationName(id: string | null): string | null {
  const listings = PROVIDERS.map((provider) => provider.useIntegrations())
  if (!id) return null
  return listings.flatMap((listing) => listing.data ?? []).find((one) => one.id === id)?.name ?? (listings.some((listing) => listing.isPending) ? '…' : id)
}
