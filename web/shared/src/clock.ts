// The two clocks of design §2. Business time may run faster than life; the page computes it from the last answer of the
// server and the browser's own monotonic clock, never by counting ticks.

export interface ClockSnapshot {
  business_now: string
  wall_now: string
  speed: number
}

export class BusinessClock {
  private businessMs = 0
  private wallMs = 0
  private takenAt = 0
  private offset = 480
  speed = 1
  known = false

  constructor(private readonly monotonicMs: () => number) {}

  /**
   * Takes the server's newest word. Business time is never set back: an answer that was on its way for a while is
   * dropped when it would turn the clock back by less than a business minute.
   */
  take(snapshot: ClockSnapshot): void {
    const business = Date.parse(snapshot.business_now)
    const wall = Date.parse(snapshot.wall_now)
    if (Number.isNaN(business) || Number.isNaN(wall) || snapshot.speed < 1) return
    const now = this.businessNow()
    const behind = now - business
    if (this.known && this.speed === snapshot.speed && behind > 0 && behind < 60_000 * this.speed) return
    this.businessMs = business
    this.wallMs = wall
    this.takenAt = this.monotonicMs()
    this.offset = offsetMinutes(snapshot.business_now)
    this.speed = snapshot.speed
    this.known = true
  }

  businessNow(): number {
    return this.businessMs + (this.monotonicMs() - this.takenAt) * this.speed
  }

  wallNow(): number {
    return this.wallMs + (this.monotonicMs() - this.takenAt)
  }

  offsetMin(): number {
    return this.offset
  }
}

/** The offset an RFC 3339 text carries, in minutes east; "Z" is 0. */
export function offsetMinutes(instant: string): number {
  const match = /([+-])(\d\d):(\d\d)$/.exec(instant)
  if (!match) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return match[1] === '-' ? -minutes : minutes
}

export interface Fields {
  year: number
  month: number
  day: number
  weekday: number
  hm: string
  hms: string
}

/** The civil fields of an epoch instant at a fixed offset; 0 = Sunday. */
export function fieldsAt(epochMs: number, offsetMin: number): Fields {
  const d = new Date(epochMs + offsetMin * 60_000)
  const two = (n: number) => n.toString().padStart(2, '0')
  const hm = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`
  return {
    year: d.getUTCFullYear(),
    month: d.getUTCMonth() + 1,
    day: d.getUTCDate(),
    weekday: d.getUTCDay(),
    hm,
    hms: `${hm}:${two(d.getUTCSeconds())}`,
  }
}

/** The fields of an RFC 3339 text in the zone it was written in. */
export function fieldsOf(instant: string): Fields {
  return fieldsAt(Date.parse(instant), offsetMinutes(instant))
}

export type Span = { unit: 's' | 'min' | 'h' | 'd'; n: number }

/** How long ago, in the one unit a person would say. Negative spans count as none. */
export function spanOf(ms: number): Span {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return { unit: 's', n: s }
  if (s < 3600) return { unit: 'min', n: Math.floor(s / 60) }
  if (s < 86_400) return { unit: 'h', n: Math.floor(s / 3600) }
  return { unit: 'd', n: Math.floor(s / 86_400) }
}

/** A running time as m:ss or h:mm:ss; below ten seconds with a tenth: "3.4". */
export function stopwatch(ms: number): { text: string; short: boolean } {
  const clipped = Math.max(0, ms)
  if (clipped < 10_000) return { text: (Math.floor(clipped / 100) / 10).toFixed(1), short: true }
  const s = Math.floor(clipped / 1000)
  if (s < 60) return { text: s.toString(), short: true }
  const two = (n: number) => n.toString().padStart(2, '0')
  const h = Math.floor(s / 3600)
  const m = Math.floor((s % 3600) / 60)
  return { text: h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`, short: false }
}
