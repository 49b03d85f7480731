import type { Provider } from './provider'
import { aws } from './providers/aws'

/** Every cloud; one line each. */
export const PROVIDERS: readonly Provider[] = [aws]

export function provider(cloud: string): Provider | undefined {
  return PROVIDERS.find((provider) => provider.cloud === cloud)
}

/** As the API spells clouds. */
export function cloudLabel(cloud: string): string {
  return provider(cloud.toLowerCase())?.label ?? cloud
}
