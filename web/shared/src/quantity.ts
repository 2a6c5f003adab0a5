// Energy in the browser: decimal texts of kWh, calculated in 10⁻⁴ kWh as BigInt, like the server.

const KWH = /^(-?)(\d+)(?:\.(\d{1,4}))?$/

/** "1284.56" → 12845600n (10⁻⁴ kWh). */
export function parseKwh(text: string): bigint {
  const match = KWH.exec(text)
  if (!match) throw new RangeError(`not a quantity: ${text}`)
  const units = BigInt(match[2]!) * 10_000n + BigInt((match[3] ?? '').padEnd(4, '0'))
  return match[1] ? -units : units
}

/** Cut (never rounded up) to `places` decimals and grouped: "12845.6789", 2 → "12,845.67". */
export function displayKwh(text: string, places = 2): string {
  const units = parseKwh(text)
  const abs = units < 0n ? -units : units
  const whole = (abs / 10_000n).toString().replace(/\B(?=(\d{3})+$)/g, ',')
  const decimals = (abs % 10_000n).toString().padStart(4, '0').slice(0, places)
  return `${units < 0n ? '\u2212' : ''}${whole}${places > 0 ? '.' + decimals : ''}`
}

/** Differences of a register over time, oldest first, in 10⁻⁴ kWh; a step backwards counts as none. */
export function uses(totals: string[]): bigint[] {
  const units = totals.map(parseKwh)
  return units.slice(1).map((now, i) => (now > units[i]! ? now - units[i]! : 0n))
}
