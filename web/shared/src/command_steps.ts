// A relay or reading command as a row of small steps. Only `verified` is success.

import type { CommandState } from './api/types'

export const COMMAND_STEPS = ['queued', 'waiting_online', 'sent', 'acked', 'verified'] as const
export type CommandStep = (typeof COMMAND_STEPS)[number]

export type CommandTone = 'running' | 'doubt' | 'done' | 'failed' | 'void'

export interface CommandProgress {
  /** How many of COMMAND_STEPS are behind us, counting the present one. */
  reached: number
  tone: CommandTone
  ended: boolean
}

const ENDED: readonly CommandState[] = ['verified', 'failed', 'expired', 'superseded', 'skipped']

export function commandEnded(state: CommandState): boolean {
  return ENDED.includes(state)
}

export function commandProgress(state: CommandState): CommandProgress {
  switch (state) {
    case 'queued':
      return { reached: 1, tone: 'running', ended: false }
    case 'waiting_online':
      return { reached: 2, tone: 'running', ended: false }
    case 'sent':
      return { reached: 3, tone: 'running', ended: false }
    case 'unknown':
      return { reached: 3, tone: 'doubt', ended: false }
    case 'acked':
      return { reached: 4, tone: 'running', ended: false }
    case 'verified':
      return { reached: 5, tone: 'done', ended: true }
    case 'failed':
    case 'expired':
      return { reached: 3, tone: 'failed', ended: true }
    case 'superseded':
    case 'skipped':
      return { reached: 1, tone: 'void', ended: true }
  }
}
