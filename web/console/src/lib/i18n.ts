import { createI18n } from 'vue-i18n'

export const LOCALES = ['zh-CN', 'en'] as const
export type LocaleName = (typeof LOCALES)[number]

const load: Record<LocaleName, () => Promise<{ default: unknown }>> = {
  'zh-CN': () => import('../locales/zh-CN.json'),
  en: () => import('../locales/en.json'),
}

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  missingWarn: false,
  fallbackWarn: false,
  messages: {},
})

/** Fetches the language's messages once and shows the page in it. */
export async function showLocale(name: LocaleName): Promise<void> {
  if (!(i18n.global.availableLocales as string[]).includes(name)) {
    const messages = (await load[name]()).default
    i18n.global.setLocaleMessage(name, messages as never)
  }
  i18n.global.locale.value = name
  document.documentElement.lang = name
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

/** Keeps a preference; a browser that forbids storage only forgets it. */
export function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    return
  }
}

/** What was chosen before, or Chinese unless the browser is set to something else. */
export function firstLocale(): LocaleName {
  const saved = stored('meterbook.locale')
  if (saved === 'zh-CN' || saved === 'en') return saved
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}
