/** What a plan would change, read from the tool's own JSON, whose sensitive values are masked already. */

export type Action = 'add' | 'change' | 'delete' | 'replace' | 'move' | 'import' | 'forget' | 'read'

export interface Attribute {
  path: string
  before: string | null
  after: string | null
  /** Differs, but is not shown. */
  hidden: boolean
  forcesReplacement: boolean
}

export interface Change {
  address: string
  module: string
  action: Action
  previousAddress: string | null
  attributes: Attribute[]
  unchanged: number
}

type Json = unknown
type Fields = Record<string, Json>

export function readPlan(text: string): Change[] | null {
  try {
    const plan = JSON.parse(text) as { resource_changes?: Fields[]; output_changes?: Record<string, Fields> }
    const resources = (plan.resource_changes ?? []).flatMap((one) => resource(one))
    const outputs = Object.entries(plan.output_changes ?? {}).flatMap(([name, change]) => output(name, change))
    return [...resources, ...outputs]
  } catch {
    return null
  }
}

function resource(one: Fields): Change[] {
  const change = (one.change ?? {}) as Fields
  const action = actionOf(change, one)
  if (action === null) return []
  return [
    {
      address: String(one.address ?? ''),
      module: String(one.module_address ?? ''),
      action,
      previousAddress: typeof one.previous_address === 'string' ? one.previous_address : null,
      ...attributes(change),
    },
  ]
}

function output(name: string, change: Fields): Change[] {
  const action = actionOf(change, {})
  if (action === null) return []
  const wrapped = (value: Json): Fields => ({ value })
  const parts = attributes({
    before: change.before === null ? null : wrapped(change.before),
    after: change.after === null && change.after_unknown !== true ? null : wrapped(change.after),
    after_unknown: wrapped(change.after_unknown),
    before_sensitive: wrapped(change.before_sensitive),
    after_sensitive: wrapped(change.after_sensitive),
  })
  return [{ address: `output.${name}`, module: 'outputs', action, previousAddress: null, ...parts }]
}

function actionOf(change: Fields, one: Fields): Action | null {
  const actions = Array.isArray(change.actions) ? change.actions.map(String) : []
  if (actions.includes('delete') && actions.includes('create')) return 'replace'
  if (actions.includes('create')) return change.importing ? 'import' : 'add'
  if (actions.includes('update')) return 'change'
  if (actions.includes('delete')) return 'delete'
  if (actions.includes('forget')) return 'forget'
  if (change.importing) return 'import'
  return typeof one.previous_address === 'string' ? 'move' : null
}

function attributes(change: Fields): { attributes: Attribute[]; unchanged: number } {
  const before = flat(change.before)
  const after = flat(change.after)
  const unknown = marks(change.after_unknown)
  const sensitive = [...marks(change.before_sensitive), ...marks(change.after_sensitive)]
  const replacing = (Array.isArray(change.replace_paths) ? change.replace_paths : []).map((path) => (Array.isArray(path) ? path.map(String).join('.') : ''))
  const within = (paths: string[], path: string) => paths.some((one) => one === path || path.startsWith(`${one}.`))
  const found: Attribute[] = []
  let unchanged = 0
  for (const path of new Set([...before.keys(), ...after.keys(), ...unknown])) {
    const was = before.get(path) ?? null
    const computed = within(unknown, path)
    const is = computed ? 'known after apply' : (after.get(path) ?? null)
    const hidden = within(sensitive, path)
    if (was === is && !computed && !(hidden && within(replacing, path))) {
      if (was !== null) unchanged += 1
      continue
    }
    found.push({ path, before: hidden ? null : was, after: hidden ? null : is, hidden, forcesReplacement: within(replacing, path) })
  }
  found.sort((one, other) => one.path.localeCompare(other.path))
  return { attributes: found, unchanged }
}

/** Values by their paths; null is as good as absent. */
function flat(value: Json, path = '', into = new Map<string, string>()): Map<string, string> {
  if (value === null || value === undefined) return into
  if (typeof value === 'object' && Object.keys(value).length > 0) {
    for (const [name, inner] of Object.entries(value)) flat(inner, path ? `${path}.${name}` : name, into)
  } else if (path !== '') {
    into.set(path, JSON.stringify(value))
  }
  return into
}

/** Paths at which something says `true`. */
function marks(value: Json, path = '', into: string[] = []): string[] {
  if (value === true && path !== '') into.push(path)
  else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) marks(inner, path ? `${path}.${name}` : name, into)
  }
  return into
}
