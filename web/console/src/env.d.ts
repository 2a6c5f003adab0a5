/// <reference types="vite/client" />

declare module '*.json' {
  const messages: Record<string, unknown>
  export default messages
}
