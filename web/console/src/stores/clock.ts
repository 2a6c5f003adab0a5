import { BusinessClock, type ClockSnapshot, fieldsAt } from '@meterbook/shared'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

/** The business clock of the page; `businessNow` and `wallNow` (epoch ms) move on each second. */
export const useClock = defineStore('clock', () => {
  const clock = new BusinessClock(() => performance.now())
  const businessNow = ref(0)
  const wallNow = ref(0)
  const speed = ref(1)
  const known = ref(false)

  function tick(): void {
    if (!clock.known) return
    businessNow.value = clock.businessNow()
    wallNow.value = clock.wallNow()
  }

  function take(snapshot: ClockSnapshot): void {
    clock.take(snapshot)
    speed.value = clock.speed
    known.value = clock.known
    tick()
  }

  setInterval(tick, 1000)

  const fields = computed(() => fieldsAt(businessNow.value, clock.offsetMin()))
  return { businessNow, wallNow, speed, known, fields, take, exact: () => ({ business: clock.businessNow(), wall: clock.wallNow() }) }
})
