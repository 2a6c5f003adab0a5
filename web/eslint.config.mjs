import { defineConfigWithVueTs, vueTsConfigs } from '@vue/eslint-config-typescript'
import vue from 'eslint-plugin-vue'

export default defineConfigWithVueTs(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/*.d.ts'] },
  vue.configs['flat/essential'],
  vueTsConfigs.strict,
  {
    rules: {
      'max-lines': ['error', 450],
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-eval': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['scripts/**', '*.mjs'], rules: { 'no-console': 'off' } },
)
