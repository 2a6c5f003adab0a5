// How a meter looks at a glance; one place, so that table, map and feed agree.

import type { Meter } from './api/types'

export type MeterTone = 'on' | 'alarm1' | 'alarm2' | 'off' | 'unknown'

/** The colour of a room: supply first, then credit. Being lost is drawn beside it, never instead of it. */
export function meterTone(meter: Pick<Meter, 'relay' | 'credit_state'>): MeterTone {
  if (meter.relay === 'open') return 'off'
  if (meter.relay === 'unknown') return 'unknown'
  switch (meter.credit_state) {
    case 'alarm1':
      return 'alarm1'
    case 'alarm2':
    case 'trip_pending':
    case 'tripped':
      return 'alarm2'
    case 'normal':
      return 'on'
  }
}

export interface Place {
  building: string
  floor: string
  room: string
}

/** "1号宿舍 3层 305" → its parts; a place with fewer parts keeps what it has. */
export function splitPlace(meter: Pick<Meter, 'place' | 'building'>): Place {
  const rest = meter.place.startsWith(meter.building) ? meter.place.slice(meter.building.length) : meter.place
  const parts = rest.trim().split(/[\s/·]+/).filter((p) => p !== '')
  const room = parts.at(-1) ?? meter.place
  return { building: meter.building, floor: parts.length > 1 ? parts.slice(0, -1).join(' ') : '', room }
}

export interface FloorGroup<T> {
  floor: string
  meters: T[]
}

export interface BuildingGroup<T> {
  building: string
  floors: FloorGroup<T>[]
  count: number
}

const collator = new Intl.Collator('zh-CN', { numeric: true })

/** Buildings in the order of their names, floors from the top down, rooms in the order of their numbers. */
export function groupByPlace<T extends Pick<Meter, 'place' | 'building'>>(meters: Iterable<T>): BuildingGroup<T>[] {
  const buildings = new Map<string, Map<string, { room: string; meter: T }[]>>()
  for (const meter of meters) {
    const { building, floor, room } = splitPlace(meter)
    const floors = buildings.get(building) ?? new Map<string, { room: string; meter: T }[]>()
    buildings.set(building, floors)
    const rooms = floors.get(floor) ?? []
    floors.set(floor, rooms)
    rooms.push({ room, meter })
  }
  return [...buildings]
    .sort(([a], [b]) => collator.compare(a, b))
    .map(([building, floors]) => ({
      building,
      count: [...floors.values()].reduce((n, rooms) => n + rooms.length, 0),
      floors: [...floors]
        .sort(([a], [b]) => collator.compare(b, a))
        .map(([floor, rooms]) => ({
          floor,
          meters: rooms.sort((a, b) => collator.compare(a.room, b.room)).map((r) => r.meter),
        })),
    }))
}

/** What a live row may flash for. */
export const WATCHED = ['balance', 'relay', 'online', 'credit_state', 'power_kw', 'in_arrears'] as const
export type Watched = (typeof WATCHED)[number]

export function changedFields(before: Meter, after: Meter): Watched[] {
  return WATCHED.filter((field) => before[field] !== after[field])
}
