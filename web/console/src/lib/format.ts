import { type ApiError, fieldsOf, type Span, spanOf, stopwatch } from '@meterbook/shared'

import { i18n } from '@/lib/i18n'
import { useClock } from '@/stores/clock'

/** Words for instants, spans, codes and problems in the language on show. */
export function useFormat() {
  const { t, te, tm, rt } = i18n.global
  const clock = useClock()

  const span = (s: Span) => t(`span.${s.unit}`, { n: s.n })
  const ago = (instant: string) => {
    const ms = clock.businessNow - Date.parse(instant)
    return ms < 60_000 ? t('span.now') : t('span.ago', { span: span(spanOf(ms)) })
  }
  const running = (ms: number) => {
    const watch = stopwatch(ms)
    return watch.short ? t('span.seconds', { n: watch.text }) : watch.text
  }
  const day = (instant: string) => {
    const f = fieldsOf(instant)
    return t('date.day', { month: f.month, day: f.day })
  }
  /** "10:48", with the day in front when it is not today's. */
  const when = (instant: string, seconds = false) => {
    const f = fieldsOf(instant)
    const time = seconds ? f.hms : f.hm
    const today = clock.fields
    return f.day === today.day && f.month === today.month ? time : `${day(instant)} ${time}`
  }
  const hms = (instant: string) => fieldsOf(instant).hms

  /** The word for a stable code, or the code itself: an unknown one must be seen, not hidden. */
  const word = (prefix: string, code: string) => (te(`${prefix}.${code}`) ? t(`${prefix}.${code}`) : code)

  const problem = (error: ApiError) => {
    const key = `problem.${error.code}`
    if (te(key)) return t(key, { ...error.params, wait: error.retryAfterS ?? 0 } as Record<string, unknown>)
    return error.detail || t('problem.other', { code: error.code })
  }
  return { t, te, tm, rt, span, ago, running, day, when, hms, word, problem }
}
