import { Link } from '@tanstack/react-router'
import { useSpaceName } from '@/features/spaces/useSpaces'
import { Accesses } from '@/ui/Access'
import { CopyId } from '@/ui/CopyId'
import { Labels } from '@/ui/Labels'
import { Empty } from '@/ui/Notice'
import { Panel } from '@/ui/Panel'
import { Table } from '@/ui/Table'
import { Time } from '@/ui/Time'
import { servedBy, useAwsIntegration } from './useAwsIntegrations'

export function AwsOverview({ id }: { id: string }) {
  const one = useAwsIntegration(id)
  const spaceName = useSpaceName()
  if (!one) return null
  const served = servedBy(one)
  return (
    <div className="stack">
      <Panel title="What it is">
        <dl className="facts">
          <dt>ID</dt>
          <dd>
            <CopyId value={one.id} whole />
          </dd>
          <dt>Role</dt>
          <dd>
            <CopyId value={one.roleArn} whole />
          </dd>
          <dt>Space</dt>
          <dd>{spaceName(one.space)}</dd>
          {one.labels.length > 0 && (
            <>
              <dt>Labels</dt>
              <dd>
                <Labels labels={one.labels} />
              </dd>
            </>
          )}
          <dt>Sessions</dt>
          <dd>
            {one.durationSeconds} s{one.tagAssumeRole ? ', tagged with run, stack, space and phase' : ''}
            {one.region ? `, by the STS endpoint of ${one.region}` : ''}
          </dd>
          <dt>Assumed by</dt>
          <dd>{one.generateCredentialsInWorker ? `the workers of private pools${one.externalId ? `, with the external ID ${one.externalId}` : ''}` : 'the server, just before each phase'}</dd>
          <dt>By label</dt>
          <dd>{one.autoattachEnabled ? 'attaches itself where a stack carries one of its autoattach labels' : 'no'}</dd>
        </dl>
      </Panel>
      <Panel title="Attached stacks" flush>
        {served.length === 0 ? (
          <Empty title="No stack uses it yet">
            <p className="sentence">Let the role trust a stack first, then attach it on the stack’s page, under Cloud access.</p>
            <Link className="button" to="/cloud-integrations/$cloud/$id/$tab" params={{ cloud: 'aws', id, tab: 'trust' }}>
              Show the trust policy
            </Link>
          </Empty>
        ) : (
          <Table columns={['Stack', 'As', 'Attached by', 'Health']}>
            {served.map((stack) => (
              <tr key={`${stack.stackId} ${stack.automatic}`}>
                <td data-label="">
                  <Link className="strong" to="/stacks/$id/$tab" params={{ id: stack.stackId, tab: 'access' }}>
                    <bdi>{stack.stackName}</bdi>
                  </Link>
                </td>
                <td data-label="">
                  <Accesses read={stack.read} write={stack.write} />
                </td>
                <td data-label="attached by">{stack.automatic ? 'a label' : 'somebody'}</td>
                <td data-label="" className="anywhere">
                  {stack.problems.length > 0 ? (
                    stack.problems.map((problem) => (
                      <p key={problem} className="fail">
                        <bdi>{problem}</bdi>
                      </p>
                    ))
                  ) : stack.checkedAt === null ? (
                    <span className="dim">tried before its first use</span>
                  ) : (
                    <span className="good">
                      ✓ verified <Time at={stack.checkedAt} />
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
    </div>
  )
}
