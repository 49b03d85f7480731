import type { ReactNode } from 'react'

/** A heading; one that only screen readers say, where the cells speak for themselves. */
export type Column = string | { hidden: string }

/** Things in rows; on a narrow screen each row is a card. */
export function Table({ columns, children }: { columns: Column[]; children: ReactNode }) {
  return (
    <table className="table cards">
      <thead>
        <tr>
          {columns.map((column) =>
            typeof column === 'string' ? (
              <th key={column}>{column}</th>
            ) : (
              <th key={column.hidden}>
                <span className="visually-hidden">{column.hidden}</span>
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  )
}
