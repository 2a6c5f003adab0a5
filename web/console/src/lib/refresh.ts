import { asApiError, type ApiError } from '@meterbook/shared'
import { onScopeDispose, ref, shallowRef } from 'vue'

/**
 * Runs `work` now and again when told, never twice at once and never more often than every `gapMs`. An error stands in
 * `error` until the next success; what is on show stays.
 */
export function useRefresh(work: () => Promise<void>, gapMs: number) {
  const busy = ref(false)
  const loaded = ref(false)
  const error = shallowRef<ApiError | null>(null)
  let last = -Infinity
  let again = false
  let timer: number | undefined
  let gone = false

  async function now(): Promise<void> {
    window.clearTimeout(timer)
    timer = undefined
    if (busy.value) {
      again = true
      return
    }
    busy.value = true
    again = false
    last = performance.now()
    try {
      await work()
      error.value = null
      loaded.value = true
    } catch (e) {
      error.value = asApiError(e)
    }
    busy.value = false
    if (again && !gone) soon()
  }

  function soon(): void {
    if (timer !== undefined || gone) return
    if (busy.value) {
      again = true
      return
    }
    timer = window.setTimeout(() => void now(), Math.max(0, last + gapMs - performance.now()))
  }

  onScopeDispose(() => {
    gone = true
    window.clearTimeout(timer)
  })
  return { busy, loaded, error, now, soon }
}
