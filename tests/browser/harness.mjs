// What the browser test is made of: a Chromium of one's own, a list of what must never happen, checks that are counted.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** A fresh browser profile with one page; `faults` collects what the console must never cause. */
export async function openBrowser(base) {
  const folder = mkdtempSync(join(tmpdir(), 'meterbook-browser-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.METERBOOK_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    colorScheme: 'light',
    viewport: { width: 1440, height: 900 },
  })
  context.setDefaultTimeout(15_000)
  const faults = []
  const expected = []
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`)
    })
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const note = (what) => {
    const at = expected.findIndex((pattern) => pattern.test(what))
    if (at >= 0) expected.splice(at, 1)
    else faults.push(what)
  }
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      note(`console ${message.type()}: ${message.text()} (${message.location().url})`)
    }
  })
  page.on('pageerror', (error) => note(`page error: ${error.message}`))
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // Leaving a page ends its event stream and what it was still fetching; nothing is wrong with that.
    if (why === 'net::ERR_ABORTED') return
    note(`request failed: ${request.method()} ${request.url()} ${why}`)
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && url.origin !== base) note(`request to another host: ${request.url()}`)
  })
  return {
    context,
    page,
    faults,
    /** The next fault that matches is part of the test. */
    expectFault: (pattern) => expected.push(pattern),
    missing: () => expected.map((pattern) => `expected, but never seen: ${pattern}`),
    close: async () => {
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Waits until nothing moves or fades any more; what runs for ever (a pulse) does not count. */
async function atRest(page) {
  await page.evaluate(async () => {
    const ending = () => document.getAnimations().filter((a) => Number.isFinite(a.effect?.getComputedTiming().endTime))
    const until = performance.now() + 3000
    do await Promise.race([Promise.allSettled(ending().map((a) => a.finished)), new Promise((r) => setTimeout(r, 500))])
    while (ending().some((a) => a.playState === 'running') && performance.now() < until)
  })
}

/** Fails on every finding of axe that is serious or critical. */
export async function assertAccessible(page, where) {
  await page.emulateMedia({ reducedMotion: 'reduce' }) // the live feed goes on; what fades in has no colour yet
  await atRest(page)
  await page.evaluate(axe)
  const findings = await page.evaluate(async (tags) => {
    const result = await globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags } })
    return result.violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 4).map((n) => n.target.join(' ')).join(' | ')}`)
  }, AXE_TAGS)
  assert.deepEqual(findings, [], `axe on ${where}`)
}

/** Asks the API with the session of the page. */
export async function api(page, path) {
  const answer = await page.evaluate(async (url) => {
    const response = await fetch(url)
    return { status: response.status, body: await response.json() }
  }, `/api/v1${path}`)
  assert.equal(answer.status, 200, `GET ${path}`)
  return answer.body
}

/** Waits until `probe` gives something, asking every `everyMs`. */
export async function until(what, seconds, probe, everyMs = 250) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const found = await probe()
    if (found) return found
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
    await new Promise((done) => setTimeout(done, everyMs))
  }
}

/** Runs checks in order and counts them; a check that others build on may be `vital`. */
export function makeChecks() {
  let passed = 0
  let failed = 0
  let stopped = false
  return {
    async check(name, run, { vital = false } = {}) {
      if (stopped) return
      const began = Date.now()
      try {
        await run()
        ++passed
        console.log(`ok   ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
      } catch (error) {
        ++failed
        stopped = vital
        console.log(`FAIL ${name}\n     ${String(error.message).replaceAll('\n', '\n     ')}`)
      }
    },
    result: () => ({ passed, failed }),
  }
}
