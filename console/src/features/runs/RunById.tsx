import { Navigate, useParams } from '@tanstack/react-router'
import { Missing } from '@/app/Missing'
import { RunWhereDocument } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import { Loaded } from '@/ui/Loaded'

/** A run by its ID alone, as it stands in an audit event or a session name. */
export function RunById() {
  const { run } = useParams({ from: '/runs/$run' })
  const query = useData(RunWhereDocument, { run })
  return (
    <Loaded query={query}>
      {({ runStack }) => (runStack ? <Navigate to="/stacks/$id/runs/$run" params={{ id: runStack.id, run }} replace /> : <Missing what="run" id={run} />)}
    </Loaded>
  )
}
