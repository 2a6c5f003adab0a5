import { describe, expect, it } from 'vitest'

import { createApi, given } from './api/client'
import { ApiError, asApiError, problemOf } from './api/problem'
import type { Command, Meter } from './api/types'
import { COMMAND_STEPS, commandEnded, commandProgress } from './command_steps'
import { Feed, feedOfCommand, feedOfNotice, type FeedEntry } from './feed'
import { IntentKey, newUuid } from './idempotency'
import { changedFields, groupByPlace, meterTone, splitPlace } from './meter_view'

describe('command steps', () => {
  it('calls only verified a success', () => {
    const states = ['queued', 'waiting_online', 'sent', 'acked', 'unknown', 'failed', 'expired', 'superseded'] as const
    for (const state of states) expect(commandProgress(state).tone).not.toBe('done')
    expect(commandProgress('verified')).toEqual({ reached: COMMAND_STEPS.length, tone: 'done', ended: true })
  })
  it('holds a timeout for doubt, not for an end', () => {
    expect(commandProgress('unknown')).toMatchObject({ tone: 'doubt', ended: false })
    expect(commandEnded('unknown')).toBe(false)
  })
})

describe('intent key', () => {
  const counter = () => {
    let n = 0
    return () => `key${++n}`
  }
  it('stays for a repeat and changes with the body', () => {
    const intent = new IntentKey(counter())
    expect(intent.forBody({ amount: '5.00' })).toBe('key1')
    expect(intent.forBody({ amount: '5.00' })).toBe('key1')
    expect(intent.forBody({ amount: '6.00' })).toBe('key2')
    expect(intent.forBody({ amount: '5.00' })).toBe('key3')
  })
  it('makes UUIDs of version 4', () => {
    expect(newUuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(newUuid()).not.toBe(newUuid())
  })
})

describe('meters at a glance', () => {
  it('puts the supply before the credit', () => {
    expect(meterTone({ relay: 'open', credit_state: 'normal' })).toBe('off')
    expect(meterTone({ relay: 'unknown', credit_state: 'alarm2' })).toBe('unknown')
    expect(meterTone({ relay: 'closed', credit_state: 'trip_pending' })).toBe('alarm2')
    expect(meterTone({ relay: 'closed', credit_state: 'alarm1' })).toBe('alarm1')
    expect(meterTone({ relay: 'closed', credit_state: 'normal' })).toBe('on')
  })
  it('reads a place', () => {
    expect(splitPlace({ place: '1号宿舍 3层 305', building: '1号宿舍' })).toEqual({
      building: '1号宿舍',
      floor: '3层',
      room: '305',
    })
    expect(splitPlace({ place: '门卫', building: '' })).toEqual({ building: '', floor: '', room: '门卫' })
  })
  it('orders floors from the top and rooms by number', () => {
    const at = (place: string) => ({ place, building: place.split(' ')[0]! })
    const groups = groupByPlace(['A 2层 9', 'A 10层 1', 'A 2层 10', 'B 1层 1'].map(at))
    expect(groups.map((g) => [g.building, g.count])).toEqual([
      ['A', 3],
      ['B', 1],
    ])
    expect(groups[0]!.floors.map((f) => f.floor)).toEqual(['10层', '2层'])
    expect(groups[0]!.floors[1]!.meters.map((m) => m.place)).toEqual(['A 2层 9', 'A 2层 10'])
  })
  it('sees what changed', () => {
    const before = { balance: '5.00', relay: 'closed', online: true } as Meter
    expect(changedFields(before, { ...before, balance: '4.00', relay: 'open' })).toEqual(['balance', 'relay'])
    expect(changedFields(before, { ...before })).toEqual([])
  })
})

describe('feed', () => {
  const entry = (key: string, at: string, textCode = 'x'): FeedEntry => ({
    key,
    at: `2026-11-23T${at}:00+08:00`,
    tone: 'info',
    textCode,
    params: {},
    meterId: 'm1',
    orderNo: null,
  })
  const keys = (feed: Feed) => feed.list().map((e) => e.key)

  it('is newest first, bounded, and takes late ones in their place', () => {
    const feed = new Feed(3)
    feed.put(entry('a', '10:00'))
    feed.put(entry('b', '10:02'))
    feed.put(entry('late', '10:01'))
    expect(keys(feed)).toEqual(['b', 'late', 'a'])
    feed.put(entry('c', '10:03'))
    expect(keys(feed)).toEqual(['c', 'b', 'late'])
    expect(feed.put(entry('too old', '09:00'))).toBe(false)
  })

  it('moves a line on instead of adding one, and never back', () => {
    const feed = new Feed(5)
    feed.put(entry('order:1', '10:00', 'order.created'))
    feed.put(entry('b', '10:01'))
    expect(feed.put(entry('order:1', '10:02', 'order.paid'))).toBe(true)
    expect(keys(feed)).toEqual(['order:1', 'b'])
    expect(feed.put(entry('order:1', '10:00', 'order.created'))).toBe(false)
    expect(feed.list()[0]!.textCode).toBe('order.paid')
  })

  it('tells of relay commands, not of readings or of steps in between', () => {
    const command = (kind: Command['kind'], state: Command['state']): Command => ({
      id: 'c1',
      kind,
      state,
      failure: null,
      cause: 'arrears',
      created_at: '2026-11-23T10:00:00+08:00',
      deadline: null,
      created_by: 'system',
      steps: [],
    })
    expect(feedOfCommand(command('read', 'verified'), 'm1')).toBeNull()
    expect(feedOfCommand(command('trip', 'acked'), 'm1')).toBeNull()
    expect(feedOfCommand(command('trip', 'verified'), 'm1')).toMatchObject({ tone: 'danger' })
    expect(feedOfCommand(command('close', 'verified'), 'm1')).toMatchObject({ tone: 'ok' })
  })

  it('keeps unknown notices with a plain tone', () => {
    const notice = { meter_id: 'm1', text_code: 'notice.new_kind', at: '2026-11-23T10:00:00+08:00' }
    expect(feedOfNotice(notice)).toMatchObject({ tone: 'info', textCode: 'notice.new_kind' })
  })
})

describe('problems', () => {
  const problem = { type: 't', title: 'T', status: 409, code: 'relay.arrears', params: { balance: '-3' }, trace_id: 'x1' }
  const answer = (status: number, type: string, body: string) =>
    new Response(body, { status, headers: { 'content-type': type } })

  it('are read from problem+json', async () => {
    const error = await problemOf(answer(409, 'application/problem+json', JSON.stringify(problem)))
    expect(error).toMatchObject({ code: 'relay.arrears', status: 409, traceId: 'x1', params: { balance: '-3' } })
  })
  it.each([
    [502, 'text/html', '<h1>bad gateway</h1>', 'internal'],
    [500, 'application/json', '{half', 'internal'],
    [418, 'application/json', '{}', 'http.unexpected'],
  ])('of %d with %s are told from the status', async (status, type, body, code) => {
    expect(await problemOf(answer(status, type, body))).toMatchObject({ status, code })
  })
  it('stand for a network that failed', () => {
    expect(asApiError(new TypeError('fetch failed'))).toMatchObject({ code: 'network.failed', status: 0 })
  })
})

describe('client', () => {
  const make = (respond: (request: Request) => Response, signedOut: () => void = () => undefined) =>
    createApi({
      baseUrl: 'http://host.test/api/v1',
      csrf: () => 'token1',
      onSignedOut: signedOut,
      fetch: (request) => Promise.resolve(respond(request)),
    })
  const json = (status: number, body: unknown) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

  it('sends the token with writes only', async () => {
    const tokens: (string | null)[] = []
    const api = make((request) => {
      tokens.push(request.headers.get('x-csrf-token'))
      return json(200, {})
    })
    given(await api.GET('/me'))
    await api.POST('/auth/code', { body: { phone: '13800000001' } })
    expect(tokens).toEqual([null, 'token1'])
  })

  it('throws ApiError with the code and reports an ended session', async () => {
    let out = 0
    const api = make(
      () => json(401, { code: 'auth.required', params: {}, trace_id: 't' }),
      () => ++out,
    )
    await expect(api.GET('/me')).rejects.toThrowError(ApiError)
    expect(out).toBe(1)
    await expect(api.POST('/auth/sign-in', { body: { phone: '1', code: '2' } })).rejects.toMatchObject({ status: 401 })
    expect(out).toBe(1)
  })

  it('turns a dead network into a problem', async () => {
    const api = make(() => {
      throw new TypeError('fetch failed')
    })
    await expect(api.GET('/me')).rejects.toMatchObject({ code: 'network.failed' })
  })
})
