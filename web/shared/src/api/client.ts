import createClient, { type Client, type Middleware } from 'openapi-fetch'

import { ApiError, asApiError, problemOf } from './problem'
import type { paths } from './schema'

export interface ClientOptions {
  baseUrl?: string
  /** The token of the session, or '' before sign-in. */
  csrf: () => string
  /** Called on every 401 that is not an answer to a sign-in. */
  onSignedOut: () => void
  fetch?: (request: Request) => Promise<Response>
}

export type ApiClient = Client<paths>

/**
 * The typed client. Each call either gives data or throws ApiError; 20 seconds without an answer count as
 * `network.failed`.
 */
export function createApi(options: ClientOptions): ApiClient {
  const middleware: Middleware = {
    onRequest({ request }) {
      if (request.method !== 'GET' && options.csrf() !== '') request.headers.set('X-CSRF-Token', options.csrf())
      return request
    },
    async onResponse({ response, request }) {
      if (response.ok) return
      const error = await problemOf(response)
      if (response.status === 401 && !request.url.includes('/auth/')) options.onSignedOut()
      throw error
    },
    onError({ error }) {
      return error instanceof ApiError ? error : asApiError(error)
    },
  }
  const timed = (request: Request) =>
    (options.fetch ?? fetch)(new Request(request, { signal: AbortSignal.timeout(20_000) }))
  const client = createClient<paths>({ baseUrl: options.baseUrl ?? '/api/v1', fetch: timed })
  client.use(middleware)
  return client
}

/** What a call gave; the middleware has thrown already when it gave nothing. */
export function given<T>(result: { data?: T }): T {
  if (result.data === undefined) throw new ApiError({ status: 0, code: 'http.unexpected' })
  return result.data
}
