import { SpacesDocument, type SpacesQuery } from '@/gql/operations'
import { useData } from '@/lib/graphql'
import type { Option } from '@/ui/Field'

export type Space = SpacesQuery['spaces'][number]

export function useSpaces(): Space[] {
  return useData(SpacesDocument, {}, { staleTime: 30_000 }).data?.spaces ?? []
}

/** Whether one may make and change things in a space. */
export function useAdministers(): (space: string) => boolean {
  const spaces = useSpaces()
  return (id) => spaces.some((space) => space.id === id && space.accessLevel === 'ADMIN')
}

export function useSpaceName(): (space: string) => string {
  const spaces = useSpaces()
  return (id) => spaces.find((space) => space.id === id)?.name ?? id
}

/** Those where one may make things. */
export function useSpaceOptions(): Option[] {
  const spaces = useSpaces().filter((space) => space.accessLevel === 'ADMIN')
  return spaces.map((space) => ({ value: space.id, label: space.name === space.id ? space.name : `${space.name} (${space.id})` }))
}
