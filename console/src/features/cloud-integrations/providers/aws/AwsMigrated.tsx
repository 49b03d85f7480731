import { AwsMigrationUndoDocument, type AwsOfStackQuery } from '@/gql/operations'
import { useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { CopyId } from '@/ui/CopyId'
import { Failure } from '@/ui/Failure'
import { Panel } from '@/ui/Panel'
import { Time } from '@/ui/Time'
import { tell } from '@/ui/toast'

type Migration = NonNullable<NonNullable<AwsOfStackQuery['stack']>['legacyRoleMigration']>

/** A migration that may still be undone. */
export function AwsMigrated({ stack, migration, may }: { stack: string; migration: Migration; may: boolean }) {
  const undo = useDeed(AwsMigrationUndoDocument, () => tell('The stack has its own role again'))
  return (
    <Panel
      title="AWS: migrated"
      actions={
        may ? (
          <Button busy={undo.isPending} onClick={() => undo.mutate({ stack })}>
            Undo the migration
          </Button>
        ) : undefined
      }
    >
      <div className="stack tight">
        <p className="anywhere">
          The role of its own, <CopyId value={migration.roleArn} whole label="role" />, was migrated by <bdi>{migration.migratedBy}</bdi> <Time at={migration.migratedAt} />.
        </p>
        <Failure error={undo.error} />
      </div>
    </Panel>
  )
}
