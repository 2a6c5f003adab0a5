// "What is happening": a bounded list made of notices, commands and orders, newest first. An order or a command has one
// line that moves on with it, so that the list tells stories, not log lines.

import type { Command, NoticeSent, Order, TimelineEntry } from './api/types'

export type FeedTone = 'warn' | 'danger' | 'ok' | 'info'

export interface FeedEntry {
  key: string
  at: string
  tone: FeedTone
  textCode: string
  params: Record<string, string>
  meterId: string
  orderNo: string | null
}

export class Feed {
  private entries: FeedEntry[] = []

  constructor(private readonly limit: number) {}

  /** Newest first; entries of the same instant keep the order in which they came. */
  list(): readonly FeedEntry[] {
    return this.entries
  }

  /** Puts the entry in; false when nothing changed. */
  put(entry: FeedEntry | null): boolean {
    if (entry === null) return false
    const old = this.entries.find((e) => e.key === entry.key)
    if (old && (old.textCode === entry.textCode || Date.parse(old.at) > Date.parse(entry.at))) return false
    const others = this.entries.filter((e) => e.key !== entry.key)
    const at = Date.parse(entry.at)
    const place = others.findIndex((e) => Date.parse(e.at) <= at)
    others.splice(place < 0 ? others.length : place, 0, entry)
    this.entries = others.slice(0, this.limit)
    return this.entries.includes(entry)
  }
}

const NOTICE_TONES: Record<string, FeedTone> = {
  'notice.alarm1': 'warn',
  'notice.alarm2': 'warn',
  'notice.pre_trip': 'danger',
  'notice.tripped': 'danger',
  'notice.restored': 'ok',
}

function texts(params: Record<string, unknown> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(params ?? {}).map(([k, v]) => [k, v === null ? '' : String(v)]))
}

export function feedOfNotice(notice: NoticeSent): FeedEntry {
  return {
    key: `notice:${notice.meter_id}:${notice.text_code}:${notice.at}`,
    at: notice.at,
    tone: NOTICE_TONES[notice.text_code] ?? 'info',
    textCode: notice.text_code,
    params: texts(notice.params),
    meterId: notice.meter_id,
    orderNo: null,
  }
}

/** Relay commands only, and only the states somebody at a desk would want to hear of. */
export function feedOfCommand(command: Command, meterId: string): FeedEntry | null {
  if (command.kind === 'read') return null
  const said: Record<string, FeedTone> = {
    queued: 'info',
    waiting_online: 'warn',
    verified: command.kind === 'trip' ? 'danger' : 'ok',
    failed: 'danger',
    expired: 'danger',
  }
  const tone = said[command.state]
  if (tone === undefined) return null
  return {
    key: `command:${command.id}`,
    at: command.steps.at(-1)?.at ?? command.created_at,
    tone,
    textCode: `command.${command.state}`,
    params: { command: command.kind, cause: command.cause, by: command.created_by, failure: command.failure ?? '' },
    meterId,
    orderNo: null,
  }
}

export function feedOfOrder(order: Order): FeedEntry {
  const load = order.steps.find((s) => s.step === 'load_seen')
  const done = order.steps.filter((s) => s.at !== null).at(-1)
  const state = load?.at ? 'load_seen' : order.state
  const code: Record<typeof state, [string, FeedTone]> = {
    pending_payment: ['order.created', 'info'],
    crediting: ['order.paid', 'info'],
    doubtful: ['order.doubtful', 'warn'],
    completed: ['order.completed', 'ok'],
    load_seen: ['order.power_back', 'ok'],
    failed: ['order.failed', 'danger'],
    closed: ['order.closed', 'info'],
  }
  const [textCode, tone] = code[state]
  return {
    key: `order:${order.no}`,
    at: done?.at ?? order.created_at,
    tone,
    textCode,
    params: { amount: order.paid_amount ?? order.amount, by: order.created_by },
    meterId: order.meter_id,
    orderNo: order.no,
  }
}

/** For filling the list at the start from what the meters' own timelines remember. */
export function feedOfTimeline(entry: TimelineEntry, meterId: string): FeedEntry | null {
  if (entry.kind === 'notice') {
    return feedOfNotice({
      meter_id: meterId,
      text_code: entry.text_code,
      at: entry.at,
      params: entry.params,
    })
  }
  if (entry.kind !== 'command' || entry.command_id === null) return null
  const params = texts(entry.params)
  const tones: Record<string, FeedTone> = {
    'command.verified': params.command === 'trip' ? 'danger' : 'ok',
    'command.failed': 'danger',
    'command.expired': 'danger',
  }
  const tone = tones[entry.text_code]
  if (tone === undefined || params.command === 'read') return null
  return {
    key: `command:${entry.command_id}`,
    at: entry.at,
    tone,
    textCode: entry.text_code,
    params,
    meterId,
    orderNo: null,
  }
}
