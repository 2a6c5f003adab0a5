// Size of a cold page: everything the entry and the page's own chunk import, each file gzipped alone, against its budget.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const root = process.argv[2]
const KIB = 1024
const pages = [
  { name: 'sign-in', modules: ['src/pages/SignInPage.vue'], kib_max: 120 },
  { name: 'live campus', modules: ['src/shell/AppShell.vue', 'src/pages/CampusPage.vue'], kib_max: 230 },
  { name: 'one meter', modules: ['src/shell/AppShell.vue', 'src/pages/MeterPage.vue'], kib_max: 230 },
]

const manifest = JSON.parse(readFileSync(join(root, '.vite/manifest.json'), 'utf8'))

function collect(key, files) {
  const chunk = manifest[key]
  if (!chunk) throw new Error(`budget: ${key} is not in the manifest`)
  if (files.has(chunk.file)) return
  files.add(chunk.file)
  for (const css of chunk.css ?? []) files.add(css)
  for (const imported of chunk.imports ?? []) collect(imported, files)
}

let over = 0
for (const page of pages) {
  const files = new Set(['index.html'])
  collect('index.html', files)
  collect('src/locales/zh-CN.json', files)
  for (const module of page.modules) collect(module, files)
  const bytes = [...files].reduce((sum, f) => sum + gzipSync(readFileSync(join(root, f)), { level: 9 }).length, 0)
  const good = bytes <= page.kib_max * KIB
  if (!good) ++over
  const size = (bytes / KIB).toFixed(1).padStart(6)
  console.log(`budget: ${page.name.padEnd(12)} ${size} KiB of ${page.kib_max} (${files.size} files)${good ? '' : '  OVER'}`)
}
process.exit(over === 0 ? 0 : 1)
