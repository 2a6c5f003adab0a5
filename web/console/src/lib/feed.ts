import { commandEnded, Feed, feedOfCommand, feedOfNotice, feedOfOrder, feedOfTimeline, given } from '@meterbook/shared'
import { shallowRef, triggerRef } from 'vue'

import { api } from '@/lib/api'
import { useCampus } from '@/stores/campus'
import { useLive } from '@/stores/live'

const SHOWN = 60
/** How many meters are asked for what happened to them before the page came. */
const ASKED = 12

/** The feed of the live page: filled from orders and open meters at first, then by the stream. */
export function useFeed() {
  const campus = useCampus()
  const live = useLive()
  const feed = new Feed(SHOWN)
  const entries = shallowRef(feed.list())
  const show = () => {
    entries.value = feed.list()
    triggerRef(entries)
  }

  async function order(no: string): Promise<void> {
    const path = { project: campus.project, no }
    const answer = given(await api.GET('/projects/{project}/orders/{no}', { params: { path } }))
    if (feed.put(feedOfOrder(answer))) show()
  }

  async function command(id: string, meterId: string): Promise<void> {
    const answer = await campus.fetchCommand(id)
    if (campus.tracked.get(meterId)?.id === id) campus.track(meterId, answer)
    // First the switch and the figures, then the line that tells of it: all parts of the page agree.
    if (commandEnded(answer.state)) await Promise.all([campus.fetchMeter(meterId), campus.fetchSummary()])
    if (feed.put(feedOfCommand(answer, meterId))) show()
  }

  async function fill(): Promise<void> {
    const path = { project: campus.project }
    const orders = given(
      await api.GET('/projects/{project}/orders', { params: { path, query: { page: 1, page_size: 20 } } }),
    )
    for (const item of orders.items) feed.put(feedOfOrder(item))
    const troubled = [...campus.meters.values()].filter((m) => m.relay === 'open' || m.credit_state !== 'normal')
    const asked = new Set([...troubled.map((m) => m.id), ...orders.items.map((o) => o.meter_id)])
    await Promise.all(
      [...asked].slice(0, ASKED).map(async (id) => {
        const slice = given(
          await api.GET('/projects/{project}/meters/{meter}/timeline', {
            params: { path: { ...path, meter: id }, query: { limit: 20 } },
          }),
        )
        for (const entry of slice.items) feed.put(feedOfTimeline(entry, id))
      }),
    )
    show()
  }

  // A line that cannot be fetched is left out; the next change of the same thing brings it.
  const quiet = (work: Promise<void>) => void work.catch(() => undefined)
  live.on('order.updated', ({ no }) => quiet(order(no)))
  live.on('command.updated', ({ id, meter_id }) => quiet(command(id, meter_id)))
  live.on('notice.sent', (notice) => {
    if (feed.put(feedOfNotice(notice))) show()
  })
  return { entries, fill }
}
