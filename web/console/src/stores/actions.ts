import { asApiError, type CommandKind, given, IntentKey, type Meter, newUuid } from '@meterbook/shared'
import { ElMessage } from 'element-plus'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'

import { api } from '@/lib/api'
import { useFormat } from '@/lib/format'
import { useCampus } from '@/stores/campus'
import { useSession } from '@/stores/session'

export type Asked = Exclude<CommandKind, 'permit'>

/** What the operator is being asked, and the writes behind it. Dialogs live once, in the shell. */
export const useActions = defineStore('actions', () => {
  const { t, problem } = useFormat()
  const campus = useCampus()
  const session = useSession()
  const switching = shallowRef<{ kind: Asked; meter: Meter } | null>(null)
  const toppingUp = shallowRef<Meter | null>(null)
  /** Grows with every write that went through, so that pages fetch at once. */
  const wrote = ref(0)

  const headers = (key: string) => ({ 'X-CSRF-Token': session.csrf, 'Idempotency-Key': key })

  function ask(kind: 'trip' | 'close', meter: Meter): void {
    switching.value = { kind, meter }
  }

  function askTopUp(meter: Meter): void {
    toppingUp.value = meter
  }

  async function send(kind: Asked, meter: Meter, reason: string, override: boolean, intent: IntentKey): Promise<void> {
    const body = kind === 'close' && override ? { kind, reason, override } : { kind, reason }
    const command = given(
      await api.POST('/projects/{project}/meters/{meter}/commands', {
        params: { path: { project: campus.project, meter: meter.id }, header: headers(intent.forBody(body)) },
        body,
      }),
    )
    campus.track(meter.id, command)
    ++wrote.value
  }

  /** A reading changes nothing, so it asks nothing. */
  async function read(meter: Meter): Promise<void> {
    try {
      await send('read', meter, '', false, new IntentKey(newUuid))
      ElMessage.info(t('action.read_queued', { place: meter.place }))
    } catch (e) {
      ElMessage.error(problem(asApiError(e)))
    }
  }

  return { switching, toppingUp, wrote, headers, ask, askTopUp, send, read }
})
