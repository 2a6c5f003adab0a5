// From payment to power: what the page shows of one order, with both clocks, running while something is still to come.

import type { Order, OrderStepName } from './api/types'

export interface StepView {
  step: OrderStepName
  state: 'done' | 'active' | 'waiting'
  at: string | null
  wallAt: string | null
  /** Since the step before; running for the active step; null for the first and for what is still to come. */
  businessMs: number | null
  wallMs: number | null
}

export interface Elapsed {
  businessMs: number
  wallMs: number
  running: boolean
}

export interface TimelineView {
  steps: StepView[]
  /** Everything that belongs to this order has happened. */
  finished: boolean
  /** It ended without money: closed or failed. */
  ended: boolean
  /** From `paid` to the last step; null before the payment, or when no supply had to be restored. */
  paymentToPower: Elapsed | null
}

const SUPPLY_STEPS: readonly OrderStepName[] = ['sent', 'acknowledged', 'verified', 'permit_ready', 'load_seen']

/**
 * The model of an order at (business now, wall now), both epoch ms. `supplyOn` says that the relay is read back closed
 * with no command running: then supply steps that never began do not belong to this order.
 */
export function timelineView(order: Order, businessNow: number, wallNow: number, supplyOn: boolean): TimelineView {
  const ended = order.state === 'failed' || order.state === 'closed'
  const began = order.steps.some((s) => SUPPLY_STEPS.includes(s.step) && s.at !== null)
  const needless = order.state === 'completed' && supplyOn && !began
  const shown = order.steps.filter((s) => !(needless && SUPPLY_STEPS.includes(s.step)))

  const steps: StepView[] = []
  let previous = null as { at: number; wall: number } | null
  let activeFound = false
  for (const s of shown) {
    if (s.at !== null) {
      const at = Date.parse(s.at)
      const wall: number = s.wall_at === null ? NaN : Date.parse(s.wall_at)
      steps.push({
        step: s.step,
        state: 'done',
        at: s.at,
        wallAt: s.wall_at,
        businessMs: previous ? Math.max(0, at - previous.at) : null,
        wallMs: previous && !Number.isNaN(wall) ? Math.max(0, wall - previous.wall) : null,
      })
      const wallBefore: number = previous === null ? wallNow : previous.wall
      previous = { at, wall: Number.isNaN(wall) ? wallBefore : wall }
      continue
    }
    const active: boolean = !activeFound && !ended
    activeFound = true
    steps.push({
      step: s.step,
      state: active ? 'active' : 'waiting',
      at: null,
      wallAt: null,
      businessMs: active && previous ? Math.max(0, businessNow - previous.at) : null,
      wallMs: active && previous ? Math.max(0, wallNow - previous.wall) : null,
    })
  }

  const finished = !ended && steps.length > 0 && steps.every((s) => s.state === 'done')
  return { steps, finished, ended, paymentToPower: paymentToPower(steps, businessNow, wallNow) }
}

function paymentToPower(steps: StepView[], businessNow: number, wallNow: number): Elapsed | null {
  const paid = steps.find((s) => s.step === 'paid')
  const last = steps.at(-1)
  if (!paid?.at || !paid.wallAt || !last || !SUPPLY_STEPS.includes(last.step)) return null
  const running = last.state !== 'done'
  const endBusiness = last.at === null ? businessNow : Date.parse(last.at)
  const endWall = last.wallAt === null ? wallNow : Date.parse(last.wallAt)
  return {
    businessMs: Math.max(0, endBusiness - Date.parse(paid.at)),
    wallMs: Math.max(0, endWall - Date.parse(paid.wallAt)),
    running,
  }
}
