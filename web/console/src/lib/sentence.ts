import { yuanText } from '@meterbook/shared'

import { useFormat } from '@/lib/format'

type Params = Record<string, unknown>

/** The sentence for a `text_code` of feed or timeline; a code without one is shown as it is. */
export function useSentence() {
  const { t, te, word } = useFormat()

  const money = (value: unknown) => {
    const text = String(value ?? '')
    return /^-?\d+(\.\d{1,2})?$/.test(text) ? yuanText(text) : text
  }
  const bracketed = (text: string) => (text === '' ? '' : t('event.bracket', { text }))
  const who = (by: unknown) => (by === 'system' ? t('event.system') : String(by ?? ''))

  function reason(code: string, value: unknown): string {
    const text = String(value ?? '')
    if (text === '') return ''
    if (code.startsWith('relay.')) return word('trip_reason', text)
    if (code.startsWith('reading.')) return word('reading_reason', text)
    return text
  }

  /** What stands in a sentence as it came. */
  const plain = (params: Params) =>
    Object.fromEntries(
      ['total', 'ratio', 'before', 'old', 'new', 'to'].map((name) => [name, String(params[name] ?? '')]),
    )

  return (code: string, params: Params): string => {
    const command = String(params.command ?? '')
    const special = `event.${code}_${command}`
    const key = command !== '' && te(special) ? special : `event.${code}`
    if (!te(key)) return code
    const failure = params.failure ?? params.code
    return t(key, {
      balance: params.balance ? t('event.with_balance', { money: money(params.balance) }) : '',
      amount: params.amount ? t('event.with_amount', { money: money(params.amount) }) : '',
      power: params.power_kw ? t('event.with_power', { power: String(params.power_kw) }) : '',
      by: bracketed(who(params.by)),
      command: command === '' ? '' : word('command.kind', command),
      cause: bracketed(params.cause ? word('command.cause', String(params.cause)) : ''),
      failure: bracketed(failure ? word('command.failure', String(failure)) : ''),
      reason: reason(code, params.reason),
      words: bracketed(String(params.words ?? '')),
      why: bracketed(reason(code, params.reason)),
      field: params.field ? word('protection', String(params.field)) : '',
      value: params.value ? word('protection.value', String(params.value)) : '',
      address: String(params.address ?? ''),
      tariff: String(params.tariff ?? params.code ?? ''),
      ...plain(params),
    })
  }
}
