import { describe, expect, it } from 'vitest'

import type { Order, OrderStepName } from './api/types'
import { timelineView } from './order_timeline'

const business = (s: number) => new Date(Date.parse('2026-11-23T02:50:00Z') + s * 1000).toISOString()
const wall = (s: number) => new Date(Date.parse('2026-11-22T12:00:00Z') + s * 1000).toISOString()

function order(state: Order['state'], steps: [OrderStepName, number | null][]): Order {
  return {
    no: '1CAMPUS00000001',
    meter_id: 'm1',
    account_id: 'a1',
    place: 'A 1 101',
    amount: '50.00',
    channel: 'sandbox',
    state,
    source: 'console',
    created_by: 'me',
    created_at: business(0),
    paid_amount: null,
    paid_at: null,
    pay_url: null,
    steps: steps.map(([step, s]) => ({
      step,
      at: s === null ? null : business(s * 60),
      wall_at: s === null ? null : wall(s),
    })),
  }
}

const at = (o: Order, s: number, supplyOn = false) =>
  timelineView(o, Date.parse(business(s * 60)), Date.parse(wall(s)), supplyOn)

describe('an order on its way', () => {
  const o = order('crediting', [
    ['created', 0],
    ['paid', 4],
    ['credited', 5],
    ['sent', null],
    ['acknowledged', null],
    ['verified', null],
    ['load_seen', null],
  ])

  it('has one active step, which runs on both clocks', () => {
    const view = at(o, 7)
    expect(view.steps.map((s) => s.state)).toEqual([
      'done',
      'done',
      'done',
      'active',
      'waiting',
      'waiting',
      'waiting',
    ])
    expect(view.steps[3]).toMatchObject({ businessMs: 120_000, wallMs: 2000 })
    expect(view.steps[1]).toMatchObject({ businessMs: 240_000, wallMs: 4000 })
    expect(view.steps[0]!.businessMs).toBeNull()
    expect(view.steps[4]!.businessMs).toBeNull()
    expect(view.finished).toBe(false)
  })

  it('counts from the payment, not from the creation', () => {
    expect(at(o, 7).paymentToPower).toEqual({ businessMs: 180_000, wallMs: 3000, running: true })
  })

  it('never shows a negative time when the page clock is behind', () => {
    const view = at(o, 4)
    expect(view.steps[3]).toMatchObject({ businessMs: 0, wallMs: 0 })
  })
})

describe('an order that is through', () => {
  const o = order('completed', [
    ['created', 0],
    ['paid', 4],
    ['credited', 4],
    ['sent', 5],
    ['acknowledged', 6],
    ['verified', 7],
    ['load_seen', 9],
  ])

  it('stands still', () => {
    const view = at(o, 500)
    expect(view.finished).toBe(true)
    expect(view.steps.every((s) => s.state === 'done')).toBe(true)
    expect(view.paymentToPower).toEqual({ businessMs: 300_000, wallMs: 5000, running: false })
  })
})

describe('orders without a cut', () => {
  const steps: [OrderStepName, number | null][] = [
    ['created', 0],
    ['paid', 4],
    ['credited', 5],
  ]

  it('end with the credit', () => {
    const view = at(order('completed', steps), 9)
    expect(view.finished).toBe(true)
    expect(view.paymentToPower).toBeNull()
  })

  it('drop supply steps that never began, once the supply is on', () => {
    const listed = order('completed', [...steps, ['sent', null], ['verified', null]])
    expect(at(listed, 9, true).steps.map((s) => s.step)).toEqual(['created', 'paid', 'credited'])
    expect(at(listed, 9, false).steps).toHaveLength(5)
  })

  it('keep supply steps that have begun', () => {
    const begun = order('completed', [...steps, ['sent', 6], ['verified', null]])
    expect(at(begun, 9, true).steps).toHaveLength(5)
  })
})

describe('orders that ended without money', () => {
  it.each(['failed', 'closed'] as const)('%s: nothing is active', (state) => {
    const view = at(order(state, [['created', 0], ['paid', null]]), 900)
    expect(view.ended).toBe(true)
    expect(view.finished).toBe(false)
    expect(view.steps.map((s) => s.state)).toEqual(['done', 'waiting'])
  })
})

it('waits at the key on the meter when a permit was given', () => {
  const view = at(
    order('crediting', [
      ['created', 0],
      ['paid', 1],
      ['credited', 1],
      ['sent', 2],
      ['acknowledged', 2],
      ['permit_ready', 3],
      ['load_seen', null],
    ]),
    60,
  )
  expect(view.steps.at(-1)).toMatchObject({ step: 'load_seen', state: 'active', wallMs: 57_000 })
})
