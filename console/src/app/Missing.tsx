import { Link } from '@tanstack/react-router'
import { Empty } from '@/ui/Notice'

export function Missing({ what = 'page', id }: { what?: string; id?: string }) {
  return (
    <Empty whole title={id ? `There is no ${what} “${id}”` : `There is no such ${what}`}>
      <p>It was deleted, or lives in a space that you don’t see.</p>
      <Link to="/stacks" className="button">
        To the stacks
      </Link>
    </Empty>
  )
}
