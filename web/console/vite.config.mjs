import { fileURLToPath } from 'node:url'

import vueI18n from '@intlify/unplugin-vue-i18n/vite'
import vue from '@vitejs/plugin-vue'
import components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vite'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  base: '/admin/',
  plugins: [
    vue(),
    // Messages are compiled ahead: the CSP allows no eval.
    vueI18n({ runtimeOnly: true, compositionOnly: true, include: [here('./src/locales/*.json')], strictMessage: true }),
    components({ dirs: [], resolvers: [ElementPlusResolver({ importStyle: 'css' })], dts: 'src/components.d.ts' }),
  ],
  resolve: { alias: { '@': here('./src') } },
  build: { manifest: true, target: 'es2022', reportCompressedSize: false, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': process.env.METERBOOK_BACKEND ?? 'http://127.0.0.1:8080' } },
})
