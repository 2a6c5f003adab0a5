import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['shared/src/**/*.test.ts', 'console/src/**/*.test.ts'], environment: 'node' },
})
