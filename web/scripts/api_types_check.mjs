// The generated types must be what api/openapi.yaml says today.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'meterbook-api-types-'))
const fresh = join(folder, 'schema.d.ts')
try {
  execFileSync('openapi-typescript', ['../api/openapi.yaml', '-o', fresh, '--alphabetize'], { stdio: 'pipe' })
  const same = readFileSync(fresh, 'utf8') === readFileSync('shared/src/api/schema.d.ts', 'utf8')
  console.log(same ? 'api types: current' : 'api types: stale, run `npm run api-types` in web/')
  process.exitCode = same ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
