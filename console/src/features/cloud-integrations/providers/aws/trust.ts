/** Trust policies, made of the statements that the server gives for each stack. */

const KEY = 'sts:ExternalId'

interface Statement {
  Effect: string
  Principal: { AWS: string | string[] }
  Action: string | string[]
  Condition: Record<string, Record<string, string | string[]>>
  [other: string]: unknown
}

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])
const single = (values: string[]): string | string[] => (values.length === 1 && values[0] !== undefined ? values[0] : values)

/** One statement that admits all that these admit. */
export function merged(texts: string[]): Statement | null {
  const all = texts.map((text) => JSON.parse(text) as Statement)
  const first = all[0]
  if (!first) return null
  const ids = [...new Set(all.flatMap((one) => list(one.Condition.StringEquals?.[KEY])))]
  return { ...first, Condition: { StringEquals: { [KEY]: single(ids) } } }
}

/** The same for every stack of the account, present and to come. */
export function forEveryStack(text: string, account: string, integration: string, read: boolean, write: boolean): Statement {
  const accesses = [read ? 'read' : '', write ? 'write' : ''].filter(Boolean)
  const patterns = accesses.map((access) => `${account}@${integration}@*@${access}`)
  return { ...(JSON.parse(text) as Statement), Condition: { StringLike: { [KEY]: single(patterns) } } }
}

export function asJson(statement: Statement): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2)
}

export function asTerraform(statement: Statement, name: string): string {
  const [test, condition] = Object.entries(statement.Condition)[0] ?? ['StringEquals', {}]
  const label = name.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '') || 'gantry'
  return `data "aws_iam_policy_document" ${quoted(`${label}_trust`)} {
  statement {
    effect  = "Allow"
    actions = ${quotedList(list(statement.Action))}

    principals {
      type        = "AWS"
      identifiers = ${quotedList(list(statement.Principal.AWS))}
    }

    condition {
      test     = ${quoted(test)}
      variable = ${quoted(KEY)}
      values = [
${list(condition[KEY])
  .map((id) => `        ${quoted(id)},`)
  .join('\n')}
      ]
    }
  }
}
`
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('${', '$${').replaceAll('%{', '%%{')
}

function quotedList(texts: string[]): string {
  return `[${texts.map(quoted).join(', ')}]`
}
