import type { components } from './schema'

export type Problem = components['schemas']['Problem']

/** An answer that was not 2xx, or none at all (`network.failed`). The page translates `code` with `params`. */
export class ApiError extends Error {
  readonly code: string
  readonly params: Record<string, unknown>
  readonly status: number
  readonly traceId: string
  readonly retryAfterS: number | null
  readonly detail: string
  readonly fields: { pointer: string; code: string }[]

  constructor(problem: Partial<Problem> & { status: number; code: string }) {
    super(problem.code)
    this.name = 'ApiError'
    this.code = problem.code
    this.status = problem.status
    this.params = problem.params ?? {}
    this.traceId = problem.trace_id ?? ''
    this.retryAfterS = problem.retry_after_s ?? null
    this.detail = problem.detail ?? problem.title ?? ''
    this.fields = problem.errors ?? []
  }
}

/** Makes an ApiError of a failed response, whatever its body turns out to be. */
export async function problemOf(response: Response): Promise<ApiError> {
  const type = response.headers.get('content-type') ?? ''
  if (type.includes('json')) {
    try {
      const body: unknown = await response.json()
      if (typeof body === 'object' && body !== null && typeof (body as Problem).code === 'string') {
        return new ApiError({ ...(body as Problem), status: response.status })
      }
    } catch {
      // Not the JSON it claimed to be: fall through to the status.
    }
  }
  return new ApiError({ status: response.status, code: response.status >= 500 ? 'internal' : 'http.unexpected' })
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError({ status: 0, code: 'network.failed', title: error instanceof Error ? error.message : '' })
}
