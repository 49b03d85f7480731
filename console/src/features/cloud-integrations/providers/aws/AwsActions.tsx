import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { AwsIntegrationDeleteDocument } from '@/gql/operations'
import { useAdministers } from '@/features/spaces/useSpaces'
import { useDeed } from '@/lib/graphql'
import { Button } from '@/ui/Button'
import { ConfirmDialog } from '@/ui/Dialog'
import type { Integration } from '../../provider'

export function AwsActions({ integration }: { integration: Integration }) {
  const navigate = useNavigate()
  const administers = useAdministers()
  const [asking, setAsking] = useState(false)
  const remove = useDeed(AwsIntegrationDeleteDocument, () => void navigate({ to: '/cloud-integrations' }))
  if (!administers(integration.space)) return null
  const inTheWay = integration.served.filter((served) => !served.automatic)
  const byLabel = integration.served.filter((served) => served.automatic)
  return (
    <>
      <Button look="danger" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`Delete ${integration.name}`}
        effect={`Delete ${integration.name}`}
        {...(inTheWay.length === 0 ? { name: integration.name } : {})}
        disabled={inTheWay.length > 0}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate({ id: integration.id })}
      >
        {inTheWay.length > 0 ? (
          <>
            <p>These stacks have it. Detach it there first:</p>
            <ul className="stack tight">
              {inTheWay.map((served) => (
                <li key={served.stackId}>
                  <Link to="/stacks/$id/$tab" params={{ id: served.stackId, tab: 'access' }}>
                    <bdi>{served.stackName}</bdi>
                  </Link>
                </li>
              ))}
            </ul>
          </>
        ) : (
          <p className="sentence">
            The role in AWS stays as it is.
            {byLabel.length > 0 && ` ${byLabel.length} stacks get it by a label, and will have no credentials of it any more.`}
          </p>
        )}
      </ConfirmDialog>
    </>
  )
}
