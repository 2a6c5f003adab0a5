// Writes .br and .gz beside every text file of a build, so that the server compresses nothing while serving.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = process.argv[2]
const texts = new Set(['.js', '.css', '.html', '.svg', '.json'])
let files = 0
for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !texts.has(extname(entry.name))) continue
  const path = join(entry.parentPath, entry.name)
  const body = readFileSync(path)
  if (body.length < 1024) continue
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length }
  writeFileSync(`${path}.br`, brotliCompressSync(body, { params }))
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }))
  ++files
}
console.log(`precompressed ${files} files of ${root}`)
