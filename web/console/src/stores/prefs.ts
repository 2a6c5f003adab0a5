import { defineStore } from 'pinia'
import { ref } from 'vue'

import { firstLocale, type LocaleName, showLocale, store } from '@/lib/i18n'

/** Language and theme of this browser. */
export const usePrefs = defineStore('prefs', () => {
  const locale = ref<LocaleName>(firstLocale())
  const dark = ref(document.documentElement.classList.contains('dark'))

  async function setLocale(name: LocaleName): Promise<void> {
    await showLocale(name)
    locale.value = name
    store('meterbook.locale', name)
  }

  function setDark(on: boolean): void {
    dark.value = on
    document.documentElement.classList.toggle('dark', on)
    store('meterbook.theme', on ? 'dark' : 'light')
  }

  return { locale, dark, setLocale, setDark }
})
