// Writes src/gql/operations.ts: the types of every document of the console, from schema.graphql.
// With --check nothing is written, and a difference is an error.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { codegen } from '@graphql-codegen/core'
import * as typedDocumentNode from '@graphql-codegen/typed-document-node'
import * as typescriptOperations from '@graphql-codegen/typescript-operations'
import { buildSchema, parse } from 'graphql'

const root = new URL('..', import.meta.url)
const target = new URL('src/gql/operations.ts', root)
const schemaText = readFileSync(new URL('schema.graphql', root), 'utf8')

const documents = readdirSync(new URL('src', root), { recursive: true })
  .filter((name) => name.endsWith('.graphql'))
  .sort()
  .map((name) => ({
    location: name,
    document: parse(readFileSync(new URL(`src/${name}`, root), 'utf8')),
  }))

const text = await codegen({
  filename: 'operations.ts',
  schema: parse(schemaText),
  schemaAst: buildSchema(schemaText),
  documents,
  config: {
    documentMode: 'string',
    scalars: { ID: 'string', JSON: 'unknown' },
    enumsAsTypes: true,
    skipTypename: true,
    useTypeImports: true,
    inputMaybeValue: 'T | null | undefined',
    avoidOptionals: { field: true, object: true, inputValue: false },
  },
  plugins: [{ operations: {} }, { documents: {} }],
  pluginMap: { operations: typescriptOperations, documents: typedDocumentNode },
})
const whole = `// Generated from schema.graphql and the *.graphql files by \`npm run generate\`; not edited.\n\n${text}`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== whole) {
    console.error('src/gql/operations.ts is not what schema.graphql says: npm run generate')
    process.exit(1)
  }
} else {
  writeFileSync(target, whole)
}
