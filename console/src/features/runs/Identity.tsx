import { Popover } from '@base-ui/react/popover'
import { Link } from '@tanstack/react-router'
import { cloudLabel } from '@/features/cloud-integrations/registry'
import { absolute, clock } from '@/lib/time'
import { Access } from '@/ui/Access'
import { CopyId } from '@/ui/CopyId'
import { content } from "@/ui/Menu"
import type { Run } from './RunPage'

type Credentials = Run['credentials'][number]

/** As whom a phase worked; a click says everything that is known of it. */
export function Identity({ credentials }: { credentials: Credentials }) {
  const issued = credentials.issuedAt !== null
  const name = credentials.integrationName ?? (credentials.source === 'legacy role' ? 'legacy role' : null)
  return (
    <Popover.Root>
      <Popover.Trigger className="identity">
        {issued || credentials.roleArn ? <Access access={credentials.access} /> : null}
        <span className={credentials.outcome === 'failed' || credentials.outcome === 'conflict' || credentials.outcome === 'refused' ? 'fail' : undefined}>
          {issued ? <bdi className="strong">{name ?? 'role'}</bdi> : <bdi>{credentials.outcome === 'nothing_attached' ? `no ${cloudLabel(credentials.cloud)} credentials` : `${cloudLabel(credentials.cloud)}: ${credentials.outcome.replaceAll('_', ' ')}`}</bdi>}
        </span>
        {issued && credentials.issuedAt !== null && (
          <span className="dim mono small">
            issued {clock(credentials.issuedAt)}
            {credentials.expiresAt !== null && ` → ${clock(credentials.expiresAt)}`}
          </span>
        )}
        {credentials.outlived && <span className="fail">outlived</span>}
      </Popover.Trigger>
      <Popover.Portal container={content()}>
        <Popover.Positioner className="menu-layer" sideOffset={4} align="start">
          <Popover.Popup className="menu" style={{ padding: 12, maxWidth: 'min(560px, 94vw)' }}>
            <Popover.Title render={<h3 />}>
              {cloudLabel(credentials.cloud)} in {credentials.phase}
            </Popover.Title>
            <p className="sentence" style={{ margin: '4px 0 8px' }}>
              <bdi>{credentials.note}</bdi>
            </p>
            <dl className="facts">
              <Fact name="Role" value={credentials.roleArn} />
              <Fact name="External ID" value={credentials.externalId} />
              <Fact name="Session name" value={credentials.sessionName} />
              <dt>Issued</dt>
              <dd>{credentials.issuedAt === null ? 'not issued' : absolute(credentials.issuedAt)}</dd>
              {credentials.expiresAt !== null && (
                <>
                  <dt>Expires</dt>
                  <dd>{absolute(credentials.expiresAt)}</dd>
                </>
              )}
              {credentials.source && (
                <>
                  <dt>By</dt>
                  <dd>
                    {credentials.source}
                    {credentials.integration && (
                      <>
                        {' of '}
                        <Link to="/cloud-integrations/$cloud/$id/$tab" params={{ cloud: credentials.cloud.toLowerCase(), id: credentials.integration, tab: 'overview' }}>
                          <bdi>{credentials.integrationName}</bdi>
                        </Link>
                      </>
                    )}
                  </dd>
                </>
              )}
            </dl>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

function Fact({ name, value }: { name: string; value: string | null }) {
  if (!value) return null
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <CopyId value={value} whole label={name} />
      </dd>
    </>
  )
}
