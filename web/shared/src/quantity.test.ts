import { expect, it } from 'vitest'

import { displayKwh, parseKwh, uses } from './quantity'

it('reads four places exactly', () => {
  expect(parseKwh('1284.56')).toBe(12_845_600n)
  expect(parseKwh('0.0001')).toBe(1n)
  expect(() => parseKwh('1.23456')).toThrow(RangeError)
})

it('cuts, never rounds up', () => {
  expect(displayKwh('12845.6799')).toBe('12,845.67')
  expect(displayKwh('-0.5', 1)).toBe('\u22120.5')
  expect(displayKwh('7', 0)).toBe('7')
})

it('takes differences, and a step backwards as none', () => {
  expect(uses(['1.0', '1.5', '1.4', '2.4'])).toEqual([5000n, 0n, 10_000n])
  expect(uses(['1.0'])).toEqual([])
})
