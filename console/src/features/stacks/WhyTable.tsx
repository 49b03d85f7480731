import { cloudLabel } from '@/features/cloud-integrations/registry'
import { Access } from '@/ui/Access'
import type { Entry } from './PhaseTable'

/** Every phase of every kind of run, with the sentence that the run would show. */
export function WhyTable({ access }: { access: Entry[] }) {
  return (
    <table className="table cards">
      <thead>
        <tr>
          <th>Run</th>
          <th>Phase</th>
          <th>Cloud</th>
          <th>Access</th>
          <th>What, and why</th>
        </tr>
      </thead>
      <tbody>
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
      </tbody>
    </table>
  )
}
