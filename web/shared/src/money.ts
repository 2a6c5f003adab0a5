// Money in the browser: whole fen (cents) in a BigInt, texts of yuan outside. Never a float.

const MONEY = /^(-?)(\d+)(?:\.(\d{1,2}))?$/

/** "12.30" → 1230n. Throws on anything that is no amount with at most two places. */
export function parseCents(text: string): bigint {
  const match = MONEY.exec(text)
  if (!match) throw new RangeError(`not an amount: ${text}`)
  const cents = BigInt(match[2]!) * 100n + BigInt((match[3] ?? '').padEnd(2, '0'))
  return match[1] ? -cents : cents
}

/** 1230n → "12.30", the form the API takes. */
export function formatCents(cents: bigint): string {
  const sign = cents < 0n ? '-' : ''
  const abs = cents < 0n ? -cents : cents
  return `${sign}${abs / 100n}.${(abs % 100n).toString().padStart(2, '0')}`
}

/** For the eye: "-1234.5" → "-1,234.50"; the minus is U+2212, as wide as a digit. */
export function displayYuan(text: string): string {
  const cents = parseCents(text)
  const [whole, places] = formatCents(cents < 0n ? -cents : cents).split('.') as [string, string]
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return `${cents < 0n ? '\u2212' : ''}${grouped}.${places}`
}

/** With the sign of the currency: "-0.71" → "−¥0.71". */
export function yuanText(text: string): string {
  const shown = displayYuan(text)
  return shown.startsWith('\u2212') ? `\u2212¥${shown.slice(1)}` : `¥${shown}`
}

export function addYuan(...texts: string[]): string {
  return formatCents(texts.reduce((sum, text) => sum + parseCents(text), 0n))
}

export function subtractYuan(a: string, b: string): string {
  return formatCents(parseCents(a) - parseCents(b))
}

export function compareYuan(a: string, b: string): -1 | 0 | 1 {
  const x = parseCents(a)
  const y = parseCents(b)
  return x < y ? -1 : x > y ? 1 : 0
}

/**
 * What must be paid so that supply comes back: restore limit − balance, or null when the balance is there already.
 */
export function enoughToRestore(balance: string, restoreAt: string): string | null {
  const missing = parseCents(restoreAt) - parseCents(balance)
  return missing > 0n ? formatCents(missing) : null
}

export type AmountCheck =
  | { ok: true; amount: string }
  | { ok: false; why: 'empty' | 'malformed' | 'places' | 'too_small' | 'too_large' }

/** Checks what a person typed. Full-width digits and a leading ¥ are forgiven; more than two places are not. */
export function checkAmount(typed: string, minYuan: string, maxYuan: string): AmountCheck {
  const text = typed.normalize('NFKC').replace(/[\s,]/g, '').replace(/^[¥￥]/, '')
  if (text === '') return { ok: false, why: 'empty' }
  if (/^\d+\.\d{3,}$/.test(text)) return { ok: false, why: 'places' }
  if (!/^\d+(\.\d{0,2})?$/.test(text)) return { ok: false, why: 'malformed' }
  const cents = parseCents(text.endsWith('.') ? text.slice(0, -1) : text)
  if (cents < parseCents(minYuan)) return { ok: false, why: 'too_small' }
  if (cents > parseCents(maxYuan)) return { ok: false, why: 'too_large' }
  return { ok: true, amount: formatCents(cents) }
}
