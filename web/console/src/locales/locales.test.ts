import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

type Tree = { [key: string]: string | string[] | Tree }

const here = fileURLToPath(new URL('.', import.meta.url))
const source = join(here, '..')
const read = (name: string) => JSON.parse(readFileSync(join(here, name), 'utf8')) as Tree
const zh = flatten(read('zh-CN.json'))
const en = flatten(read('en.json'))
const openapi = readFileSync(join(here, '../../../../api/openapi.yaml'), 'utf8')

function flatten(tree: Tree, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') flat.set(prefix + key, value)
    else if (Array.isArray(value)) flat.set(prefix + key, value.join('|'))
    else for (const [k, v] of flatten(value, `${prefix}${key}.`)) flat.set(k, v)
  }
  return flat
}

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort()

const sources = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((f) => /\.(vue|ts|css)$/.test(f) && !/\.(test|d)\.ts$/.test(f))
  .map((f) => ({ file: f, text: readFileSync(join(source, f), 'utf8') }))

/** The values of a named enum of the contract. */
function enumOf(name: string): string[] {
  const start = openapi.indexOf(`\n    ${name}:`)
  const rest = openapi.slice(start + 1)
  const end = rest.slice(1).search(/\n {4}\w/)
  const match = /enum: \[([^\]]*)\]/.exec(rest.slice(0, end < 0 ? undefined : end + 1))
  if (start < 0 || !match) throw new Error(`no enum ${name} in the contract`)
  return match[1]!.split(',').map((v) => v.trim())
}

describe('two languages', () => {
  it('have the same keys', () => {
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
  })
  it('have the same placeholders in each message', () => {
    const differ = [...zh].filter(([k, v]) => placeholders(v).join() !== placeholders(en.get(k) ?? '').join())
    expect(differ.map(([k]) => k)).toEqual([])
  })
  it('leave nothing empty', () => {
    expect([...zh, ...en].filter(([, v]) => v.trim() === '').map(([k]) => k)).toEqual([])
  })
  it('keep Chinese out of English', () => {
    const han = [...en].filter(([k, v]) => /\p{Script=Han}/u.test(v) && k !== 'shell.other_language')
    expect(han).toEqual([])
  })
})

describe('sources', () => {
  it('hold no text of their own language: all Chinese is in the locale files', () => {
    expect(sources.filter((s) => /\p{Script=Han}/u.test(s.text)).map((s) => s.file)).toEqual([])
  })

  it('use only keys that exist', () => {
    const missing: string[] = []
    for (const { file, text } of sources) {
      for (const [, key] of text.matchAll(/\bt\(\s*'([\w.]+)'/g)) if (!zh.has(key!)) missing.push(`${file}: ${key}`)
      for (const [, prefix] of text.matchAll(/\bt\(\s*`([\w.]+)\$\{/g)) {
        if (![...zh.keys()].some((k) => k.startsWith(prefix!))) missing.push(`${file}: ${prefix}…`)
      }
    }
    expect(missing).toEqual([])
  })

  it('use every key', () => {
    const all = sources.map((s) => s.text).join('\n')
    const prefixes = [...all.matchAll(/(?:\bt\(\s*|\bte\(\s*|tm\(\s*|= )`([\w.]+)\$\{/g)].map((m) => m[1]!)
    const words = [...all.matchAll(/\bword\('([\w.]+)'/g)].map((m) => `${m[1]!}.`)
    const unused = [...zh.keys()].filter(
      (k) => !all.includes(`'${k}'`) && ![...prefixes, ...words, 'feed.'].some((p) => k.startsWith(p)),
    )
    expect(unused).toEqual([])
  })
})

describe('the contract is spoken in full', () => {
  it.each([
    ['RelayState', 'relay'],
    ['CreditState', 'credit'],
    ['TripReason', 'trip_reason'],
    ['TripReason', 'trip_why'],
    ['RestoreMode', 'restore_mode'],
    ['Band', 'band'],
    ['CommandKind', 'command.kind'],
    ['CommandState', 'command.state'],
    ['CommandState', 'event.command'],
    ['OrderState', 'order.state'],
    ['OrderStepName', 'order.step'],
    ['OrderStepName', 'order.waiting'],
  ])('%s as %s', (name, prefix) => {
    expect(enumOf(name).filter((value) => !zh.has(`${prefix}.${value}`))).toEqual([])
  })

  it('every text_code of the timeline has a sentence', () => {
    const table = /\| text_code \| params \|([\s\S]*?)\n\s*\n?\s*params:/.exec(openapi)![1]!
    let last = ''
    const codes = [...table.matchAll(/`([a-z_]*\.[a-z_0-9]+)`/g)].map((m) => {
      if (!m[1]!.startsWith('.')) last = m[1]!.split('.')[0]!
      return m[1]!.startsWith('.') ? last + m[1]! : m[1]!
    })
    expect(codes.length).toBeGreaterThan(30)
    expect(codes.filter((c) => !zh.has(`event.${c}`))).toEqual([])
  })

  it('every problem code has a sentence', () => {
    const list = /Stable\. In use:([\s\S]*?)\n\s*params:/.exec(openapi)![1]!
    const codes = [...list.matchAll(/`([a-z_.]+)`/g)].map((m) => m[1]!)
    expect(codes.length).toBeGreaterThan(20)
    expect(codes.filter((c) => !zh.has(`problem.${c}`))).toEqual([])
  })
})
