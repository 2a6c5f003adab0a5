import '@/styles/tokens.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import '@/styles/base.css'

import { createPinia } from 'pinia'
import { createApp } from 'vue'

import App from '@/App.vue'
import { firstLocale, i18n, showLocale } from '@/lib/i18n'
import { router } from '@/router'

async function start(): Promise<void> {
  await showLocale(firstLocale())
  createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')
}

void start()
