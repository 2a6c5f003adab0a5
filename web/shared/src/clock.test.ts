import { describe, expect, it } from 'vitest'

import { BusinessClock, fieldsOf, offsetMinutes, spanOf, stopwatch } from './clock'

const snapshot = (business: string, speed = 60) => ({
  business_now: `2026-11-23T${business}+08:00`,
  wall_now: '2026-11-22T20:00:00+08:00',
  speed,
})

describe('business clock', () => {
  it('runs at its speed, wall time at one', () => {
    let ms = 1000
    const clock = new BusinessClock(() => ms)
    clock.take(snapshot('09:30:00'))
    ms += 2500
    expect(clock.businessNow() - Date.parse('2026-11-23T09:30:00+08:00')).toBe(150_000)
    expect(clock.wallNow() - Date.parse('2026-11-22T20:00:00+08:00')).toBe(2500)
    expect(clock.offsetMin()).toBe(480)
  })

  it('is not set back by an answer that was slow', () => {
    let ms = 0
    const clock = new BusinessClock(() => ms)
    clock.take(snapshot('09:30:00'))
    ms = 2000
    const before = clock.businessNow()
    clock.take(snapshot('09:31:30'))
    expect(clock.businessNow()).toBe(before)
  })

  it('follows a large step back, which only another server can be', () => {
    const clock = new BusinessClock(() => 0)
    clock.take(snapshot('15:00:00'))
    clock.take(snapshot('09:30:00'))
    expect(clock.businessNow()).toBe(Date.parse('2026-11-23T09:30:00+08:00'))
  })

  it('ignores what is no time', () => {
    const clock = new BusinessClock(() => 0)
    clock.take({ business_now: 'soon', wall_now: 'now', speed: 60 })
    expect(clock.known).toBe(false)
  })
})

describe('fields', () => {
  it('stay in the zone of the text', () => {
    expect(fieldsOf('2026-11-23T00:05:09+08:00')).toMatchObject({ month: 11, day: 23, weekday: 1, hms: '00:05:09' })
    expect(fieldsOf('2026-11-22T16:05:09Z')).toMatchObject({ day: 22, hm: '16:05' })
    expect(offsetMinutes('2026-11-22T16:05:09-03:30')).toBe(-210)
  })
})

describe('spans', () => {
  it.each([
    [-5, { unit: 's', n: 0 }],
    [59_999, { unit: 's', n: 59 }],
    [60_000, { unit: 'min', n: 1 }],
    [3_600_000, { unit: 'h', n: 1 }],
    [200_000_000, { unit: 'd', n: 2 }],
  ])('%d ms', (ms, span) => expect(spanOf(ms)).toEqual(span))

  it.each([
    [3456, '3.4'],
    [12_300, '12'],
    [61_000, '1:01'],
    [3_723_000, '1:02:03'],
  ])('stopwatch of %d ms is %s', (ms, text) => expect(stopwatch(ms).text).toBe(text))
})
