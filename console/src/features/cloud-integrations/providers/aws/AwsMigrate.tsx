import { AwsMigrateDocument, AwsMigrationPlanDocument } from '@/gql/operations'
import { useData, useDeed } from '@/lib/graphql'
import { pretty } from '@/lib/text'
import { Access } from '@/ui/Access'
import { Button } from '@/ui/Button'
import { Code } from '@/ui/Code'
import { CopyId } from '@/ui/CopyId'
import { Dialog } from '@/ui/Dialog'
import { Failure } from '@/ui/Failure'
import { Loaded } from '@/ui/Loaded'
import { tell } from '@/ui/toast'
import { OUTCOMES } from './useAwsIntegrations'

/** From a stack's own role to an integration: first what would change, and what the role still refuses. */
export function AwsMigrate({ stack, onClose }: { stack: string; onClose: () => void }) {
  const query = useData(AwsMigrationPlanDocument, { stack }, { retry: false, gcTime: 0 })
  const migrate = useDeed(AwsMigrateDocument, () => {
    tell(`${stack} was migrated`)
    onClose()
  })
  return (
    <Dialog open onClose={onClose} title={`Migrate the role of ${stack} to an integration`}>
      <Loaded query={query} rows={4}>
        {({ legacyRoleMigrationPlan: plan }) => (
          <div className="stack">
            <ul className="stack tight">
              {plan.changes.map((change) => (
                <li key={change} className="sentence">
                  <bdi>{change}</bdi>
                </li>
              ))}
            </ul>
            {plan.checks.map((check) => (
              <div key={check.access} className={`notice ${check.outcome === 'trusted' ? 'good' : check.outcome === 'not_tried' ? 'info' : 'fail'}`}>
                <Access access={check.access} />
                <div className="stack tight grow">
                  <p>{check.outcome === 'not_tried' ? 'Only a worker can try it.' : `The role ${OUTCOMES[check.outcome] ?? check.outcome}.`}</p>
                  <p className="small">
                    sent: <CopyId value={check.externalId} whole label="external ID" />
                  </p>
                </div>
              </div>
            ))}
            {plan.missingStatement && (
              <>
                <p>Add this statement to the role’s trust policy, then look again:</p>
                <Code label="missing statement" text={pretty(plan.missingStatement)} />
              </>
            )}
            <Failure error={migrate.error} />
            <div className="actions">
              <Button onClick={onClose}>Leave it as it is</Button>
              <Button busy={query.isFetching} onClick={() => query.refetch()}>
                Look again
              </Button>
              <Button look="primary" busy={migrate.isPending} disabled={!plan.ready} onClick={() => migrate.mutate({ stack })}>
                Migrate {stack}
              </Button>
            </div>
          </div>
        )}
      </Loaded>
    </Dialog>
  )
}
