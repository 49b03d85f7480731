import { useState } from 'react'
import type { AwsIntegrationCreateMutationVariables, AwsIntegrationFragment } from '@/gql/operations'
import { useSpaceOptions } from '@/features/spaces/useSpaces'
import { orNull, words } from '@/lib/text'
import { Check, SelectField, TextField } from '@/ui/Field'

export interface Draft {
  name: string
  roleArn: string
  space: string
  labels: string
  region: string
  duration: string
  tag: boolean
  inWorker: boolean
  externalId: string
  autoattach: boolean
}

export function useDraft(from?: AwsIntegrationFragment) {
  return useState<Draft>({
    name: from?.name ?? '',
    roleArn: from?.roleArn ?? '',
    space: from?.space ?? '',
    labels: from?.labels.join(', ') ?? '',
    region: from?.region ?? '',
    duration: String(from?.durationSeconds ?? 3600),
    tag: from?.tagAssumeRole ?? false,
    inWorker: from?.generateCredentialsInWorker ?? false,
    externalId: from?.externalId ?? '',
    autoattach: from?.autoattachEnabled ?? false,
  })
}

export function variables(draft: Draft): AwsIntegrationCreateMutationVariables {
  return {
    name: draft.name,
    roleArn: draft.roleArn.trim(),
    space: orNull(draft.space),
    labels: words(draft.labels),
    region: orNull(draft.region),
    durationSeconds: Number.parseInt(draft.duration, 10) || null,
    externalID: draft.inWorker ? orNull(draft.externalId) : null,
    generateCredentialsInWorker: draft.inWorker,
    tagAssumeRole: draft.tag,
    autoattachEnabled: draft.autoattach,
  }
}

/** To which field a sentence of the server's belongs. */
const FIELDS: [RegExp, keyof Draft][] = [
  [/^name\b|is taken|already/i, 'name'],
  [/^region\b/i, 'region'],
  [/duration/i, 'duration'],
  [/^labels?\b/i, 'labels'],
  [/external ?id/i, 'externalId'],
  [/role.?arn|\brole\b|\barn\b/i, 'roleArn'],
  [/space/i, 'space'],
]

export function AwsFields({ draft, onChange, error }: { draft: Draft; onChange: (draft: Draft) => void; error: Error | null }) {
  const spaces = useSpaceOptions()
  const field = error && FIELDS.find(([words]) => words.test(error.message))?.[1]
  const wrong = (name: keyof Draft) => (field === name ? error?.message : undefined)
  const set = <K extends keyof Draft>(name: K) => (value: Draft[K]) => onChange({ ...draft, [name]: value })
  return (
    <>
      <TextField label="Name" value={draft.name} onChange={set('name')} required maxLength={255} wrong={wrong('name')} hint="Unique among the AWS integrations of the account" />
      <TextField label="Role ARN" mono value={draft.roleArn} onChange={set('roleArn')} required placeholder="arn:aws:iam::123456789012:role/gantry" wrong={wrong('roleArn')} />
      <SelectField label="Space" value={draft.space} onChange={set('space')} options={draft.space === '' ? [{ value: '', label: 'the default space' }, ...spaces] : spaces} hint="Stacks of this space, and of those below that inherit, can use it" wrong={wrong('space')} />
      <TextField label="Labels" value={draft.labels} onChange={set('labels')} hint="Separated by commas" wrong={wrong('labels')} />
      <Check label="Attach by label" checked={draft.autoattach} onChange={set('autoattach')} hint={<>With a label <code>autoattach:team</code> it serves every stack labelled <code>team</code> that sees it, read and write, where nothing else does.</>} />
      <details open={draft.tag || draft.inWorker || draft.region !== '' || undefined}>
        <summary>More: session, region, workers</summary>
        <div className="stack" style={{ marginTop: 12 }}>
          <TextField label="Session duration in seconds" value={draft.duration} onChange={set('duration')} inputMode="numeric" hint="900 to 43200; no longer than the role allows" wrong={wrong('duration')} />
          <TextField label="Region of the STS endpoint" mono value={draft.region} onChange={set('region')} placeholder="follows the role’s partition" wrong={wrong('region')} />
          <Check label="Tag sessions" checked={draft.tag} onChange={set('tag')} hint="run, stack, space and phase; the role must allow sts:TagSession" />
          <Check label="Workers of a private pool assume the role" checked={draft.inWorker} onChange={set('inWorker')} hint="With their own identity. Stacks without a pool can’t use it then." />
          {draft.inWorker && <TextField label="Custom external ID" mono value={draft.externalId} onChange={set('externalId')} hint="Empty: the generated ones" wrong={wrong('externalId')} />}
        </div>
      </details>
    </>
  )
}
