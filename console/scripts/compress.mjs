// Compresses what was built beside itself, once and well, so that no server does it for each reader.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
let first = 0
for (const name of readdirSync(dist, { recursive: true })) {
  if (!/\.(html|js|css|svg)$/.test(name)) continue
  const plain = readFileSync(new URL(name, dist))
  const small = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
  writeFileSync(new URL(`${name}.br`, dist), small)
  writeFileSync(new URL(`${name}.gz`, dist), gzipSync(plain, { level: 9 }))
  first += small.length
}
console.log(`console: ${(first / 1024).toFixed(0)} kB compressed`)
