import {
  type CommandUpdated,
  EventStream,
  type MeterUpdated,
  type NoticeSent,
  type OrderUpdated,
  type SourceLike,
  type StreamState,
  type Summary,
} from '@meterbook/shared'
import { defineStore } from 'pinia'
import { onScopeDispose, ref } from 'vue'

import { useSession } from '@/stores/session'

export interface LiveEvents {
  'meter.updated': MeterUpdated
  'order.updated': OrderUpdated
  'command.updated': CommandUpdated
  'notice.sent': NoticeSent
  'stats.tick': Summary
  /** Something may have been missed, or it is time to poll: fetch what is on show. */
  refetch: null
}

type Handler<K extends keyof LiveEvents> = (data: LiveEvents[K]) => unknown
type AnyHandler = (data: never) => unknown

const NAMES = ['meter.updated', 'order.updated', 'command.updated', 'notice.sent', 'stats.tick'] as const
const HIDDEN_MS_MAX = 60_000

/** The one event stream of this tab; it rests while the tab is hidden for more than a minute. */
export const useLive = defineStore('live', () => {
  const state = ref<StreamState>('stopped')
  const handlers = new Map<keyof LiveEvents, Set<AnyHandler>>()
  let stream: EventStream | null = null
  let project = ''
  let hiddenTimer: number | undefined

  function emit(name: keyof LiveEvents, data: unknown): unknown[] {
    return [...(handlers.get(name) ?? [])].map((handler) => handler(data as never))
  }

  async function poll(): Promise<void> {
    await useSession().restore()
    await Promise.allSettled(emit('refetch', null))
  }

  function start(of: string): void {
    if (project === of && stream !== null) return
    stop()
    project = of
    stream = new EventStream({
      url: `/api/v1/events?project=${encodeURIComponent(of)}`,
      open: (url) => new EventSource(url) as unknown as SourceLike,
      events: NAMES,
      onEvent: (name, data) => void emit(name as keyof LiveEvents, data),
      onResync: () => void emit('refetch', null),
      poll,
      onState: (next) => (state.value = next),
      timers: { set: (run, ms) => window.setTimeout(run, ms), clear: (id) => window.clearTimeout(id) },
    })
    stream.start()
  }

  function stop(): void {
    stream?.stop()
    stream = null
    project = ''
  }

  function visibility(): void {
    window.clearTimeout(hiddenTimer)
    if (document.hidden) hiddenTimer = window.setTimeout(() => stream?.stop(), HIDDEN_MS_MAX)
    else stream?.start()
  }
  document.addEventListener('visibilitychange', visibility)
  // A page restored from the browser's memory shows what was true when it was left.
  window.addEventListener('pageshow', (event) => event.persisted && emit('refetch', null))

  /** Listens until the component goes. */
  function on<K extends keyof LiveEvents>(name: K, handler: Handler<K>): void {
    const set = handlers.get(name) ?? new Set<AnyHandler>()
    handlers.set(name, set.add(handler as AnyHandler))
    onScopeDispose(() => set.delete(handler as AnyHandler))
  }

  return { state, start, stop, on }
})
