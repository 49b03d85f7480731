import {
  type UseQueryOptions,
  keepPreviousData,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import type { TypedDocumentString } from '@/gql/operations'
import { sessionEnded } from './session'

/** What the server said instead of an answer: a sentence for whoever asked. */
export class Refused extends Error {
  /** The session is over, or there was none. */
  readonly anonymous: boolean
  constructor(message: string) {
    super(message)
    this.name = 'Refused'
    this.anonymous = message === 'unauthorized'
  }
}

const NO_ANSWER = 'The server does not answer. What is shown may be old; it is asked again when it is back.'

export async function request<R, V>(
  document: TypedDocumentString<R, V>,
  variables: V,
  signal?: AbortSignal,
  /** Whether an ended session is told to the gate; not by the gate itself. */
  telling = true,
): Promise<R> {
  let response: Response
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: document.toString(), variables }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Refused(NO_ANSWER)
  }
  const answer = await response.json().catch(() => null)
  const first = answer?.errors?.[0]?.message
  if (typeof first === 'string') {
    const refused = new Refused(first)
    if (refused.anonymous && telling) sessionEnded()
    throw refused
  }
  if (!response.ok || !answer?.data) throw new Refused(`${NO_ANSWER} (${response.status})`)
  return answer.data as R
}

type Options<R> = Omit<UseQueryOptions<R, Error>, 'queryKey' | 'queryFn'>

export function useData<R, V>(document: TypedDocumentString<R, V>, variables: V, options: Options<R> = {}) {
  return useQuery<R, Error>({
    queryKey: [document.toString(), variables],
    queryFn: ({ signal }) => request(document, variables, signal),
    placeholderData: keepPreviousData,
    ...options,
  })
}

/** A mutation; what is on the page is asked again when it is done. */
export function useDeed<R, V>(document: TypedDocumentString<R, V>, done?: (data: R, variables: V) => void) {
  const client = useQueryClient()
  return useMutation<R, Error, V>({
    mutationFn: (variables) => request(document, variables),
    onSuccess: async (data, variables) => {
      done?.(data, variables)
      await client.invalidateQueries()
    },
  })
}
