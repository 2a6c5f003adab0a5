import {
  changedFields,
  type Command,
  commandEnded,
  given,
  type Meter,
  type Summary,
  type Watched,
} from '@meterbook/shared'
import { defineStore } from 'pinia'
import { ref, shallowReactive, shallowRef } from 'vue'

import { api } from '@/lib/api'
import { useClock } from '@/stores/clock'

const PAGE = 200
/** A finished command stays beside its meter for this long (wall ms). */
const SHOW_ENDED_MS = 12_000

/** Everything known of the meters of one project; table, map and feed read from here. */
export const useCampus = defineStore('campus', () => {
  const project = ref('')
  const summary = shallowRef<Summary | null>(null)
  const meters = shallowReactive(new Map<string, Meter>())
  /** meter id → field → number of changes seen; the page glows when it grows. */
  const flashes = shallowReactive(new Map<string, Partial<Record<Watched, number>>>())
  /** meter id → the command this browser started, with its steps. */
  const tracked = shallowReactive(new Map<string, Command>())

  function enter(id: string): void {
    if (project.value === id) return
    project.value = id
    summary.value = null
    meters.clear()
    flashes.clear()
    tracked.clear()
  }

  function put(list: readonly Meter[]): void {
    for (const meter of list) {
      const before = meters.get(meter.id)
      if (before) {
        const changed = changedFields(before, meter)
        if (changed.length > 0) {
          const counts = { ...flashes.get(meter.id) }
          for (const field of changed) counts[field] = (counts[field] ?? 0) + 1
          flashes.set(meter.id, counts)
        }
      }
      meters.set(meter.id, meter)
    }
  }

  function flash(id: string, field: Watched): '0' | '1' | undefined {
    const count = flashes.get(id)?.[field]
    return count === undefined ? undefined : count % 2 === 1 ? '1' : '0'
  }

  function tookSummary(next: Summary): void {
    summary.value = next
    useClock().take(next.clock)
  }

  async function fetchSummary(): Promise<void> {
    const of = project.value
    const answer = given(await api.GET('/projects/{project}/summary', { params: { path: { project: of } } }))
    if (project.value === of) tookSummary(answer)
  }

  /** Every meter of the project, page by page. */
  async function fetchAll(): Promise<void> {
    const of = project.value
    for (let page = 1, total = 1; (page - 1) * PAGE < total; ++page) {
      const answer = given(
        await api.GET('/projects/{project}/meters', {
          params: { path: { project: of }, query: { page, page_size: PAGE } },
        }),
      )
      if (project.value !== of) return
      total = answer.total
      put(answer.items)
    }
  }

  async function fetchMeter(id: string): Promise<void> {
    const path = { project: project.value, meter: id }
    const answer = given(await api.GET('/projects/{project}/meters/{meter}', { params: { path } }))
    if (project.value === path.project) put([answer])
  }

  function track(meterId: string, command: Command): void {
    tracked.set(meterId, command)
    if (!commandEnded(command.state) || command.state === 'failed' || command.state === 'expired') return
    window.setTimeout(() => untrack(meterId, command.id), SHOW_ENDED_MS)
  }

  function untrack(meterId: string, commandId: string): void {
    if (tracked.get(meterId)?.id === commandId) tracked.delete(meterId)
  }

  async function fetchCommand(id: string): Promise<Command> {
    return given(
      await api.GET('/projects/{project}/commands/{command}', {
        params: { path: { project: project.value, command: id } },
      }),
    )
  }

  return {
    project,
    summary,
    meters,
    tracked,
    enter,
    put,
    flash,
    tookSummary,
    fetchSummary,
    fetchAll,
    fetchMeter,
    track,
    untrack,
    fetchCommand,
  }
})
