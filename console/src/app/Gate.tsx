import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, createContext, useContext, useEffect } from 'react'
import { ViewerDocument, type ViewerQuery } from '@/gql/operations'
import { type Refused, request } from '@/lib/graphql'
import { useSessionEpoch } from '@/lib/session'
import { Failure } from '@/ui/Failure'
import { Skeleton } from '@/ui/Loaded'
import { Login } from './Login'

type Viewer = NonNullable<ViewerQuery['viewer']> & { account: string }
const Here = createContext<Viewer | null>(null)

export function useViewer(): Viewer {
  const viewer = useContext(Here)
  if (!viewer) throw new Error('nobody is logged in')
  return viewer
}

/** Lets in whoever is logged in, at the address that was asked for. */
export function Gate({ children }: { children: ReactNode }) {
  const epoch = useSessionEpoch()
  const client = useQueryClient()
  const query = useQuery({ queryKey: ['viewer'], queryFn: ({ signal }) => request(ViewerDocument, {}, signal, false) })
  const { refetch } = query
  useEffect(() => {
    if (epoch > 0) void refetch()
  }, [epoch, refetch])
  const anonymous = query.error ? (query.error as Refused).anonymous : query.data?.viewer === null
  if (query.data?.viewer && !anonymous) {
    return <Here value={{ ...query.data.viewer, account: query.data.name }}>{children}</Here>
  }
  if (anonymous) {
    const enter = () => {
      client.clear()
      void refetch()
    }
    return <Login onDone={enter} />
  }
  return <div className="main">{query.error ? <Failure error={query.error} retry={refetch} /> : <Skeleton rows={4} />}</div>
}
