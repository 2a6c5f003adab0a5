// The live stream of the console: server-sent events with a watchdog on the heartbeat, own reconnection when the browser
// gives up, `resync`, and polling as long as there is no stream.

export interface SourceLike {
  readyState: number
  onopen: (() => void) | null
  onerror: (() => void) | null
  addEventListener(name: string, listener: (event: { data: string }) => void): void
  close(): void
}

export type StreamState = 'connecting' | 'live' | 'polling' | 'stopped'

export interface Timers {
  set(run: () => void, ms: number): number
  clear(id: number): void
}

export interface StreamOptions {
  url: string
  open: (url: string) => SourceLike
  events: readonly string[]
  onEvent: (name: string, data: unknown) => void
  /** Something may have been missed: fetch everything on show anew. */
  onResync: () => void
  /** Fetch once, in place of the stream. */
  poll: () => Promise<void>
  onState: (state: StreamState) => void
  timers: Timers
}

const CLOSED = 2
/** The server beats each 15 s; two missed beats and some slack mean the link is only half open. */
export const SILENCE_MS_MAX = 35_000
export const POLL_AFTER_MS = 4_000
export const POLL_MS_MIN = 3_000
export const POLL_MS_MAX = 10_000
export const RETRY_MS_MIN = 3_000
export const RETRY_MS_MAX = 30_000

export class EventStream {
  private source: SourceLike | null = null
  private state: StreamState = 'stopped'
  private watchdog: number | null = null
  private retry: number | null = null
  private pollTimer: number | null = null
  private retryMs = RETRY_MS_MIN
  private pollMs = POLL_MS_MIN
  private missed = false

  constructor(private readonly options: StreamOptions) {}

  start(): void {
    if (this.state !== 'stopped') return
    this.become('connecting')
    this.connect()
  }

  /** Closes the stream; `start` opens it again and then asks for a resync. */
  stop(): void {
    this.drop()
    this.cancel('retry')
    this.cancel('pollTimer')
    this.missed = true
    this.become('stopped')
  }

  private connect(): void {
    const { open, url, events, onEvent, onResync } = this.options
    const source = open(url)
    this.source = source
    source.onopen = () => {
      if (this.source === source) this.opened()
    }
    source.onerror = () => {
      if (this.source === source) this.failed(source.readyState === CLOSED)
    }
    for (const name of [...events, 'heartbeat', 'resync']) {
      source.addEventListener(name, (event) => {
        if (this.source !== source) return
        this.watch()
        if (name === 'heartbeat') return
        if (name === 'resync') return onResync()
        const data = parsed(event.data)
        if (data !== undefined) onEvent(name, data)
      })
    }
    this.watch()
    this.pollSoon()
  }

  private opened(): void {
    this.retryMs = RETRY_MS_MIN
    this.pollMs = POLL_MS_MIN
    this.cancel('pollTimer')
    this.watch()
    this.become('live')
    if (!this.missed) return
    this.missed = false
    this.options.onResync()
  }

  /** While the browser itself retries it resumes with Last-Event-ID; once it has given up, we open a new one. */
  private failed(gaveUp: boolean): void {
    if (this.state === 'live') this.become('connecting')
    this.pollSoon()
    if (!gaveUp) return
    this.drop()
    this.missed = true
    this.cancel('retry')
    this.retry = this.options.timers.set(() => {
      this.retry = null
      this.connect()
    }, this.retryMs)
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS_MAX)
  }

  private watch(): void {
    this.cancel('watchdog')
    this.watchdog = this.options.timers.set(() => this.failed(true), SILENCE_MS_MAX)
  }

  private pollSoon(): void {
    if (this.pollTimer !== null || this.state === 'polling') return
    this.pollTimer = this.options.timers.set(() => void this.pollOnce(), POLL_AFTER_MS)
  }

  private async pollOnce(): Promise<void> {
    this.pollTimer = null
    this.become('polling')
    await this.options.poll().catch(() => undefined)
    if (this.state !== 'polling') return
    this.pollTimer = this.options.timers.set(() => void this.pollOnce(), this.pollMs)
    this.pollMs = Math.min(Math.round(this.pollMs * 1.3), POLL_MS_MAX)
  }

  private drop(): void {
    this.cancel('watchdog')
    this.source?.close()
    this.source = null
  }

  private cancel(which: 'watchdog' | 'retry' | 'pollTimer'): void {
    const id = this[which]
    if (id !== null) this.options.timers.clear(id)
    this[which] = null
  }

  private become(state: StreamState): void {
    if (this.state === state) return
    this.state = state
    this.options.onState(state)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
