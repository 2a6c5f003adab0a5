// The console against a running server: node tests/browser/run.mjs --base http://127.0.0.1:PORT [--phone P]
// [--update-pictures]. The server must be a demo at speed 60. Prints each check and `passed=N failed=M`; exit 1 on a
// failure, 2 on wrong usage.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { api, assertAccessible, makeChecks, openBrowser, until } from './harness.mjs'
import { assertPowerBack, restoreByTopUp, switchByHand, watchTrip } from './journey.mjs'

const OPTIONS = {
  base: { type: 'string' },
  phone: { type: 'string', default: '13800000001' },
  'update-pictures': { type: 'boolean', default: false },
}

function options() {
  try {
    const { values } = parseArgs({ options: OPTIONS })
    if (!values.base) throw new Error('--base http://HOST:PORT is required')
    return { ...values, base: new URL(values.base).origin }
  } catch (error) {
    console.error(`browser test: ${error.message}`)
    process.exit(2)
  }
}

const { base, phone, 'update-pictures': updatePictures } = options()
const pictures = fileURLToPath(new URL('../../docs/img/', import.meta.url))
const browser = await openBrowser(base)
const { page } = browser
const { check, result } = makeChecks()
let project = ''
let story = null

const toLanguage = async (lang) => {
  if ((await page.locator('html').getAttribute('lang')) !== lang) await page.locator('[data-test=language]').click()
  await page.locator(`html[lang="${lang}"]`).waitFor()
}
const toTheme = async (dark) => {
  const isDark = await page.evaluate(() => document.documentElement.classList.contains('dark'))
  if (isDark !== dark) await page.locator('[data-test=theme]').click()
}
const picture = async (name) => {
  if (!updatePictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}${name}.png`, animations: 'disabled' })
}

await check('/ leads to the console, with a strict CSP', async () => {
  const root = await fetch(`${base}/`, { redirect: 'manual' })
  assert.ok([301, 302, 303, 307, 308].includes(root.status), `status ${root.status}`)
  assert.equal(new URL(root.headers.get('location'), base).pathname, '/admin/')
  const index = await fetch(`${base}/admin/some/deep/page`)
  const csp = index.headers.get('content-security-policy') ?? ''
  for (const part of ["default-src 'self'", "script-src 'self'", "object-src 'none'", "frame-ancestors 'none'"]) {
    assert.ok(csp.includes(part), `${part} in ${csp}`)
  }
  assert.ok(!/script-src[^;]*unsafe/.test(csp), csp)
  assert.equal((await fetch(`${base}/api/v1/nowhere`)).status >= 400, true, 'the API never falls back to the page')
})

await check('a wrong code is refused with the tries left', async () => {
  await page.goto(`${base}/admin/sign-in`)
  await toLanguage('zh-CN')
  await assertAccessible(page, 'sign-in')
  await page.locator('#phone').fill(phone)
  await page.locator('.ask').click()
  const right = await page.locator('[data-test=demo-code]').innerText()
  const wrong = right === '000000' ? '000001' : '000000'
  browser.expectFault(/status of 401.*\/auth\/sign-in/)
  await page.locator('input[name=code]').fill(wrong)
  await page.getByRole('alert').filter({ hasText: /4/ }).waitFor()
  await assertAccessible(page, 'sign-in with an error')
}, { vital: true })

await check('the demo code signs in', async () => {
  await page.locator('[data-test=use-demo-code]').click()
  await page.waitForURL(/\/admin\/p\/[^/]+\/live/)
  project = /\/p\/([^/]+)\//.exec(page.url())[1]
  await page.locator('[data-test=stream].live').waitFor()
  const cookies = await browser.context.cookies()
  const session = cookies.find((c) => c.name === 'meterbook_session')
  assert.ok(session?.httpOnly && session.sameSite === 'Lax', 'session cookie')
}, { vital: true })

await check('the live campus shows its meters and a business clock that runs', async () => {
  await page.locator('tbody tr[data-meter]').first().waitFor()
  assert.equal(await page.locator('tbody tr[data-meter]').count(), 20)
  const before = (await api(page, '/me')).clock
  const shown = () => page.locator('.clock .time').innerText()
  const first = await shown()
  await until('the business clock to move', 5, async () => (await shown()) !== first)
  assert.ok(before.speed > 1, 'the demo runs fast')
  assert.match(await page.locator('section.policy').innerText(), /演示/)
})

await check('a meter is tripped on arrears before our eyes, its relay read back open', async () => {
  const meter = await watchTrip(page, project, 180)
  assert.equal(meter.credit_state, 'tripped')
}, { vital: true })

await check('live campus: two languages, light and dark, no finding of axe', async () => {
  for (const lang of ['zh-CN', 'en']) {
    await toLanguage(lang)
    const title = lang === 'en' ? 'What is happening' : '正在发生'
    await page.getByRole('heading', { name: title }).waitFor()
    for (const dark of [false, true]) {
      await toTheme(dark)
      await assertAccessible(page, `live campus, ${lang}, ${dark ? 'dark' : 'light'}`)
    }
  }
  await toTheme(false)
  await page.locator('[data-test=view] label').nth(1).click()
  await page.locator('a.room').first().waitFor()
  await assertAccessible(page, 'room map')
  await toLanguage('zh-CN')
})

await check('a top-up through page and cashier brings the power back', async () => {
  story = await restoreByTopUp(browser, base, project)
  await assertPowerBack(page, project, story.order)
  await page.evaluate(() => scrollTo(0, 0))
  await picture('order-timeline')
}, { vital: true })

await check('one meter: the whole story stands in its timeline', async () => {
  const slice = await api(page, `/projects/${project}/meters/${story.meter.id}/timeline?limit=100`)
  const codes = slice.items.map((e) => e.text_code)
  for (const code of ['notice.pre_trip', 'command.verified', 'order.paid', 'power.load_seen']) {
    assert.ok(codes.includes(code), `${code} in ${codes.join(' ')}`)
  }
  const untold = await page.locator('.text').filter({ hasText: /^[a-z_]+\.[a-z_.]+$/ }).allInnerTexts()
  assert.deepEqual(untold, [], 'every entry has a sentence')
})

await check('one meter: two languages, light and dark, no finding of axe', async () => {
  for (const lang of ['zh-CN', 'en']) {
    await toLanguage(lang)
    await page.getByRole('heading', { name: lang === 'en' ? 'From payment to power' : '从付款到来电' }).waitFor()
    for (const dark of [false, true]) {
      await toTheme(dark)
      await assertAccessible(page, `one meter, ${lang}, ${dark ? 'dark' : 'light'}`)
    }
  }
  const chinese = await page.locator('h2').filter({ hasText: /\p{Script=Han}/u }).allInnerTexts()
  assert.deepEqual(chinese, [], 'no Chinese heading in English')
  await page.locator('[data-test=top-up-main]').click()
  await page.locator('[data-test=amount]').fill('1.234')
  await page.locator('[data-test=amount]').blur()
  assert.ok(await page.locator('[data-test=create-order]').isDisabled(), 'three places are no amount')
  await assertAccessible(page, 'top-up dialog, dark')
  await page.keyboard.press('Escape')
})

await check('trip, close and read by hand count only when read back', async () => {
  await page.goto(`${base}/admin/p/${project}/live`)
  await toTheme(false)
  await toLanguage('zh-CN')
  await switchByHand(page, base, project)
})

await check('the live campus again: the feed remembers what happened before the page came', async () => {
  await page.goto(`${base}/admin/p/${project}/live`)
  const lines = page.locator('[data-feed]')
  for (const code of ['notice.pre_trip', 'command.verified', 'order.power_back']) {
    await page.locator(`[data-feed="${code}"]`).first().waitFor()
  }
  assert.ok((await lines.count()) >= 5, 'a story has more than one line')
  if (!updatePictures) return
  await page.locator('tbody [data-relay=open]').first().waitFor({ timeout: 150_000 })
  await page.waitForTimeout(3000)
  await picture('live-campus')
})

await check('filters, search and pages live in the address', async () => {
  await page.goto(`${base}/admin/p/${project}/meters`)
  await page.locator('tbody tr[data-meter]').first().waitFor()
  await page.locator('[data-test=filter-relay] label').nth(1).click()
  await page.waitForURL(/relay=closed/)
  await page.getByRole('button', { name: /下一页/ }).click()
  await page.waitForURL(/page=2/)
  await page.reload()
  await page.locator('tbody tr[data-meter]').first().waitFor()
  assert.equal(await page.locator('tbody [data-relay=open]').count(), 0)
  const code = await page.locator('tbody tr[data-meter] td:nth-child(2)').first().innerText()
  await page.locator('[data-test=search]').fill(code.slice(0, 12))
  await page.keyboard.press('Enter')
  await until('one row', 10, async () => (await page.locator('tbody tr[data-meter]').count()) === 1)
  await assertAccessible(page, 'meter operation')
  await page.getByRole('button', { name: '重置' }).click()
  await until('all rows', 10, async () => (await page.locator('tbody tr[data-meter]').count()) === 20)
})

await check('signing out ends the session', async () => {
  await page.locator('[data-test=user]').click()
  await page.getByRole('menuitem', { name: '退出登录' }).click()
  await page.waitForURL(/sign-in/)
  const me = await browser.context.request.get(`${base}/api/v1/me`)
  assert.equal(me.status(), 401)
  browser.expectFault(/status of 401.*\/me/)
  await page.goto(`${base}/admin/p/${project}/live`)
  await page.waitForURL(/sign-in\?return=/)
})

await check('no console error, no CSP report, no failed or foreign request on the way', () => {
  assert.deepEqual([...browser.faults, ...browser.missing()], [])
})

await browser.close()
const { passed, failed } = result()
console.log(`passed=${passed} failed=${failed}`)
process.exit(failed === 0 ? 0 : 1)
