import { cloudLabel } from '@/features/cloud-integrations/registry'
import { Access } from '@/ui/Access'
import { Table } from '@/ui/Table'
import type { Entry } from './PhaseTable'

/** Every phase of every kind of run, with the sentence that the run would show. */
export function WhyTable({ access }: { access: Entry[] }) {
  return (
    <Table columns={['Run', 'Phase', 'Cloud', 'Access', 'What, and why']}>
      {access.map((entry) => (
        <tr key={`${entry.runType} ${entry.phase} ${entry.cloud}`}>
          <td data-label="">{entry.runType.toLowerCase()}</td>
          <td data-label="phase">{entry.phase}</td>
          <td data-label="">{cloudLabel(entry.cloud)}</td>
          <td data-label="">
            <Access access={entry.access} />
          </td>
          <td data-label="" className={entry.fails ? 'fail' : undefined}>
            <bdi>{entry.explanation}</bdi>
          </td>
        </tr>
      ))}
    </Table>
  )
}
