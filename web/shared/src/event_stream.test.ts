import { beforeEach, describe, expect, it } from 'vitest'

import {
  EventStream,
  POLL_AFTER_MS,
  POLL_MS_MAX,
  RETRY_MS_MIN,
  SILENCE_MS_MAX,
  type SourceLike,
  type StreamState,
} from './event_stream'

class FakeSource implements SourceLike {
  readyState = 0
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  closed = false
  private listeners = new Map<string, (event: { data: string }) => void>()
  addEventListener(name: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(name, listener)
  }
  close(): void {
    this.closed = true
    this.readyState = 2
  }
  succeed(): void {
    this.readyState = 1
    this.onopen?.()
  }
  fail(gaveUp: boolean): void {
    this.readyState = gaveUp ? 2 : 0
    this.onerror?.()
  }
  send(name: string, data = '{}'): void {
    this.listeners.get(name)?.({ data })
  }
}

/** Timers that run only when told, in order. */
class FakeTimers {
  now = 0
  private next = 1
  private queue = new Map<number, { at: number; run: () => void }>()
  set = (run: () => void, ms: number) => {
    this.queue.set(this.next, { at: this.now + ms, run })
    return this.next++
  }
  clear = (id: number) => void this.queue.delete(id)
  async advance(ms: number): Promise<void> {
    const until = this.now + ms
    for (;;) {
      const due = [...this.queue].filter(([, t]) => t.at <= until).sort((a, b) => a[1].at - b[1].at)[0]
      if (!due) break
      this.now = due[1].at
      this.queue.delete(due[0])
      due[1].run()
      for (let i = 0; i < 5; ++i) await Promise.resolve()
    }
    this.now = until
  }
}

let sources: FakeSource[]
let timers: FakeTimers
let states: StreamState[]
let seen: [string, unknown][]
let resyncs: number
let polls: number[]
let stream: EventStream

beforeEach(() => {
  sources = []
  timers = new FakeTimers()
  states = []
  seen = []
  resyncs = 0
  polls = []
  stream = new EventStream({
    url: '/api/v1/events?project=p',
    open: () => {
      const source = new FakeSource()
      sources.push(source)
      return source
    },
    events: ['meter.updated'],
    onEvent: (name, data) => seen.push([name, data]),
    onResync: () => ++resyncs,
    poll: () => {
      polls.push(timers.now)
      return Promise.resolve()
    },
    onState: (state) => states.push(state),
    timers,
  })
})

describe('a healthy stream', () => {
  it('delivers events and never polls', async () => {
    stream.start()
    sources[0]!.succeed()
    sources[0]!.send('meter.updated', '{"id":"m1","version":3}')
    for (let i = 0; i < 10; ++i) {
      await timers.advance(15_000)
      sources[0]!.send('heartbeat')
    }
    expect(seen).toEqual([['meter.updated', { id: 'm1', version: 3 }]])
    expect(states).toEqual(['connecting', 'live'])
    expect(polls).toEqual([])
    expect(sources).toHaveLength(1)
    expect(resyncs).toBe(0)
  })

  it('passes resync on and survives a broken line', () => {
    stream.start()
    sources[0]!.succeed()
    sources[0]!.send('meter.updated', '{half')
    sources[0]!.send('resync')
    expect(seen).toEqual([])
    expect(resyncs).toBe(1)
  })
})

describe('a stream that breaks', () => {
  it('lets the browser resume on its own, without a resync', async () => {
    stream.start()
    sources[0]!.succeed()
    sources[0]!.fail(false)
    await timers.advance(2000)
    sources[0]!.succeed()
    expect(sources).toHaveLength(1)
    expect(states).toEqual(['connecting', 'live', 'connecting', 'live'])
    expect(resyncs).toBe(0)
    await timers.advance(POLL_AFTER_MS * 2)
    expect(polls).toEqual([])
  })

  it('opens a new one when the browser gave up, waits longer each time, and resyncs', async () => {
    stream.start()
    sources[0]!.succeed()
    sources[0]!.fail(true)
    await timers.advance(RETRY_MS_MIN - 1)
    expect(sources).toHaveLength(1)
    await timers.advance(1)
    expect(sources).toHaveLength(2)
    sources[1]!.fail(true)
    await timers.advance(RETRY_MS_MIN * 2 - 1)
    expect(sources).toHaveLength(2)
    await timers.advance(1)
    sources[2]!.succeed()
    expect(resyncs).toBe(1)
    expect(states.at(-1)).toBe('live')
  })

  it('notices silence on a link that is only half open', async () => {
    stream.start()
    sources[0]!.succeed()
    await timers.advance(SILENCE_MS_MAX)
    expect(sources[0]!.closed).toBe(true)
    await timers.advance(RETRY_MS_MIN)
    expect(sources).toHaveLength(2)
  })

  it('ignores what an old source still says', async () => {
    stream.start()
    sources[0]!.succeed()
    sources[0]!.fail(true)
    await timers.advance(RETRY_MS_MIN)
    sources[1]!.succeed()
    sources[0]!.send('meter.updated', '{}')
    sources[0]!.fail(true)
    expect(seen).toEqual([])
    expect(states.at(-1)).toBe('live')
  })
})

describe('polling', () => {
  it('starts after four seconds, slows from three to ten, and ends with the stream', async () => {
    stream.start()
    sources[0]!.fail(false)
    await timers.advance(60_000)
    expect(polls.slice(0, 3)).toEqual([4000, 7000, 10_900])
    const gaps = polls.slice(1).map((t, i) => t - polls[i]!)
    expect(Math.max(...gaps)).toBe(POLL_MS_MAX)
    expect(states.at(-1)).toBe('polling')
    sources.at(-1)!.succeed()
    const count = polls.length
    await timers.advance(14_000)
    expect(polls).toHaveLength(count)
    expect(states.at(-1)).toBe('live')
    sources.at(-1)!.fail(false)
    await timers.advance(POLL_AFTER_MS)
    expect(polls).toHaveLength(count + 1)
  })
})

it('stops for good, and asks for a resync when started again', async () => {
  stream.start()
  sources[0]!.succeed()
  stream.stop()
  await timers.advance(120_000)
  expect(sources).toHaveLength(1)
  expect(polls).toEqual([])
  stream.start()
  sources[1]!.succeed()
  expect(resyncs).toBe(1)
})
