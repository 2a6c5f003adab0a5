import { given, type MeterDetail, type Order, type TimelineEntry } from '@meterbook/shared'
import { computed, onMounted, ref, shallowRef, watch } from 'vue'

import { api } from '@/lib/api'
import { useRefresh } from '@/lib/refresh'
import { useActions } from '@/stores/actions'
import { useCampus } from '@/stores/campus'
import { useLive } from '@/stores/live'

const SLICE = 50

/** Everything the page of one meter shows, kept up by the stream. `wanted` is the order chosen in the address. */
export function useOneMeter(id: () => string, wanted: () => string | null) {
  const campus = useCampus()
  const live = useLive()
  const actions = useActions()
  const detail = shallowRef<MeterDetail | null>(null)
  const orders = shallowRef<Order[]>([])
  const other = shallowRef<Order | null>(null)
  const entries = shallowRef<TimelineEntry[]>([])
  const next = ref<string | null>(null)
  const path = () => ({ project: campus.project, meter: id() })

  const meter = useRefresh(async () => {
    const of = id()
    const answer = given(await api.GET('/projects/{project}/meters/{meter}', { params: { path: path() } }))
    if (of !== id()) return
    campus.put([answer])
    detail.value = answer
  }, 700)

  const payments = useRefresh(async () => {
    const of = id()
    const answer = given(
      await api.GET('/projects/{project}/meters/{meter}/orders', {
        params: { path: path(), query: { limit: 20 } },
      }),
    )
    if (of !== id()) return
    orders.value = answer.items
    const no = wanted()
    if (no === null || answer.items.some((o) => o.no === no)) return
    other.value = given(
      await api.GET('/projects/{project}/orders/{no}', { params: { path: { project: campus.project, no } } }),
    )
  }, 400)

  const history = useRefresh(async () => {
    const of = id()
    const answer = given(
      await api.GET('/projects/{project}/meters/{meter}/timeline', {
        params: { path: path(), query: { limit: SLICE } },
      }),
    )
    if (of !== id()) return
    // What was fetched as "more" stays below the newest slice.
    const last = answer.items.at(-1)?.seq ?? -1
    const older = entries.value.filter((e) => e.seq < last)
    if (older.length === 0) next.value = answer.next
    entries.value = [...answer.items, ...older]
  }, 700)

  async function moreHistory(): Promise<void> {
    if (next.value === null) return
    const answer = given(
      await api.GET('/projects/{project}/meters/{meter}/timeline', {
        params: { path: path(), query: { limit: SLICE, after: next.value } },
      }),
    )
    const last = entries.value.at(-1)?.seq ?? Infinity
    entries.value = [...entries.value, ...answer.items.filter((e) => e.seq < last)]
    next.value = answer.next
  }

  const order = computed(() => {
    const no = wanted()
    if (no === null) return orders.value[0] ?? null
    return orders.value.find((o) => o.no === no) ?? (other.value?.no === no ? other.value : null)
  })

  const all = () => Promise.all([meter.now(), payments.now(), history.now()])
  const soon = () => [meter, payments, history].forEach((r) => r.soon())

  onMounted(() => {
    if (campus.summary === null) void campus.fetchSummary().catch(() => undefined)
    void all()
  })
  watch(id, () => {
    detail.value = null
    orders.value = []
    entries.value = []
    void all()
  })
  watch(wanted, () => payments.soon())
  watch(() => actions.wrote, soon)

  live.on('meter.updated', (e) => {
    if (e.id !== id()) return
    meter.soon()
    history.soon()
  })
  live.on('order.updated', (e) => {
    if (e.meter_id === id()) soon()
  })
  live.on('command.updated', (e) => {
    if (e.meter_id !== id()) return
    soon()
    if (campus.tracked.get(id())?.id !== e.id) return
    void campus.fetchCommand(e.id).then((c) => campus.track(e.meter_id, c), () => undefined)
  })
  live.on('notice.sent', (e) => {
    if (e.meter_id === id()) history.soon()
  })
  live.on('refetch', all)

  return { detail, orders, order, entries, next, meter, payments, history, moreHistory, all }
}
