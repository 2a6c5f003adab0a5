import { given, type Me } from '@meterbook/shared'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api } from '@/lib/api'
import { useClock } from '@/stores/clock'

/** Who is signed in. The cookie is HttpOnly; only the CSRF token is here, in memory. */
export const useSession = defineStore('session', () => {
  const me = shallowRef<Me | null>(null)
  const asked = ref(false)
  const expired = ref(false)
  const csrf = computed(() => me.value?.csrf ?? '')

  function took(answer: Me): void {
    me.value = answer
    asked.value = true
    expired.value = false
    useClock().take(answer.clock)
  }

  /** Asks once per page load whether there is a session. */
  async function restore(): Promise<Me | null> {
    if (asked.value) return me.value
    try {
      took(given(await api.GET('/me')))
    } catch {
      asked.value = true
    }
    expired.value = false
    return me.value
  }

  async function signIn(phone: string, code: string): Promise<void> {
    took(given(await api.POST('/auth/sign-in', { body: { phone, code } })))
  }

  async function signOut(): Promise<void> {
    await api.POST('/auth/sign-out', { params: { header: { 'X-CSRF-Token': csrf.value } } })
    me.value = null
  }

  function ended(): void {
    if (me.value !== null) expired.value = true
    me.value = null
  }

  return { me, csrf, expired, restore, signIn, signOut, ended }
})
