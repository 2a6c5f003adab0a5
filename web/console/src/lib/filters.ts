import { computed } from 'vue'
import { type LocationQuery, useRoute, useRouter } from 'vue-router'

const SORTS = ['place', 'code', 'balance', 'last_contact_at', 'power_kw'] as const
type Sortable = (typeof SORTS)[number]
export type Sort = Sortable | `-${Sortable}`

export interface MeterFilter {
  q: string
  building: string
  arrears: '' | 'yes' | 'no'
  online: '' | 'online' | 'lost'
  relay: '' | 'closed' | 'open'
  sort: Sort
  page: number
  page_size: number
  view: 'table' | 'map'
}

/** The list as it is when nothing is chosen. */
const plain = (sort: Sort): MeterFilter => ({
  q: '',
  building: '',
  arrears: '',
  online: '',
  relay: '',
  sort,
  page: 1,
  page_size: 20,
  view: 'table',
})

function one<T extends string>(value: unknown, allowed: readonly T[], otherwise: T): T {
  return allowed.includes(value as T) ? (value as T) : otherwise
}

/** Reads an address that anybody may have edited: what makes no sense counts as not set. */
export function parseFilter(query: LocationQuery, sort: Sort = 'place'): MeterFilter {
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 64) : '')
  const whole = (value: unknown, otherwise: number, max: number) => {
    const n = Number(text(value))
    return Number.isInteger(n) && n >= 1 && n <= max ? n : otherwise
  }
  return {
    q: text(query.q),
    building: text(query.building),
    arrears: one(query.arrears, ['yes', 'no', ''], ''),
    online: one(query.online, ['online', 'lost', ''], ''),
    relay: one(query.relay, ['closed', 'open', ''], ''),
    sort: one(query.sort, [...SORTS, ...SORTS.map((s) => `-${s}` as const)], sort),
    page: whole(query.page, 1, 1_000_000),
    page_size: whole(query.page_size, 20, 200),
    view: one(query.view, ['table', 'map'], 'table'),
  }
}

/** Only what differs from the plain list stands in the address. */
export function filterQuery(filter: MeterFilter, sort: Sort = 'place'): Record<string, string> {
  const normal = plain(sort)
  const keys = Object.keys(normal) as (keyof MeterFilter)[]
  return Object.fromEntries(keys.filter((k) => filter[k] !== normal[k]).map((k) => [k, String(filter[k])]))
}

/** The query of the API for a filter; the map shows up to 200 rooms at once. */
export function apiQuery(filter: MeterFilter) {
  const map = filter.view === 'map'
  return {
    page: filter.page,
    page_size: map ? 200 : filter.page_size,
    sort: filter.sort,
    ...(filter.q && { q: filter.q }),
    ...(filter.building && { building: filter.building }),
    ...(filter.arrears && { arrears: filter.arrears }),
    ...(filter.online && { online: filter.online }),
    ...(filter.relay && { relay: filter.relay }),
  }
}

/** The filter of the page, kept in the address; a change of anything but the page goes back to page one. `sort` is the usual order. */
export function useFilter(sort: () => Sort) {
  const route = useRoute()
  const router = useRouter()
  const filter = computed(() => parseFilter(route.query, sort()))

  function change(part: Partial<MeterFilter>): void {
    const next = { ...filter.value, page: 1, ...part }
    void router.replace({ query: filterQuery(next, sort()) })
  }

  const reset = () => void router.replace({ query: filterQuery({ ...plain(sort()), view: filter.value.view }, sort()) })
  return { filter, change, reset }
}
