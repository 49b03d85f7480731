import { Button } from './Button'

/** One sentence of the server's, and a way on. */
export function Failure({ error, retry }: { error: Error | null | undefined; retry?: () => unknown }) {
  if (!error) return null
  return (
    <div className="notice fail" role="alert">
      <div className="grow sentence">
        <bdi>{error.message}</bdi>
      </div>
      {retry && (
        <Button look="quiet" onClick={() => retry()}>
          Try again
        </Button>
      )}
    </div>
  )
}
