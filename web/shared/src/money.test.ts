import { describe, expect, it } from 'vitest'

import {
  addYuan,
  checkAmount,
  compareYuan,
  displayYuan,
  enoughToRestore,
  formatCents,
  parseCents,
  subtractYuan,
  yuanText,
} from './money'

describe('parse and format', () => {
  it.each([
    ['0.00', 0n],
    ['12.30', 1230n],
    ['-0.05', -5n],
    ['7', 700n],
    ['7.5', 750n],
  ])('reads %s', (text, cents) => expect(parseCents(text)).toBe(cents))

  it('is exact past 2^53', () => {
    const text = '90071992547409931.07'
    expect(formatCents(parseCents(text))).toBe(text)
    expect(addYuan(text, '0.01')).toBe('90071992547409931.08')
    expect(Number(text).toFixed(2)).not.toBe(text)
  })

  it.each(['', '.', '1.', '1.234', '1e3', '+1', ' 1', '1,000.00', 'NaN', '¥1'])('refuses %j', (text) => {
    expect(() => parseCents(text)).toThrow(RangeError)
  })

  it('keeps the identity parse∘format over many amounts', () => {
    for (let cents = -250n; cents <= 250n; ++cents) expect(parseCents(formatCents(cents))).toBe(cents)
  })
})

describe('arithmetic', () => {
  it('adds what floats cannot', () => expect(addYuan('0.10', '0.20')).toBe('0.30'))
  it('subtracts below zero', () => expect(subtractYuan('1.00', '4.40')).toBe('-3.40'))
  it('compares as numbers, not as texts', () => {
    expect(compareYuan('9.00', '10.00')).toBe(-1)
    expect(compareYuan('-0.01', '0.00')).toBe(-1)
    expect(compareYuan('5.00', '5.0')).toBe(0)
  })
})

describe('display', () => {
  it.each([
    ['0.00', '0.00'],
    ['1234567.8', '1,234,567.80'],
    ['-1234.50', '\u22121,234.50'],
    ['-0.05', '\u22120.05'],
    ['999', '999.00'],
  ])('%s is shown as %s', (text, shown) => expect(displayYuan(text)).toBe(shown))
})

it('puts the minus before the currency', () => {
  expect(yuanText('-0.71')).toBe('\u2212¥0.71')
  expect(yuanText('1234')).toBe('¥1,234.00')
})

describe('enough to restore', () => {
  it('is the limit less the balance', () => expect(enoughToRestore('-35.20', '1.00')).toBe('36.20'))
  it('counts a balance just below the limit', () => expect(enoughToRestore('0.99', '1.00')).toBe('0.01'))
  it('is nothing at the limit', () => expect(enoughToRestore('1.00', '1.00')).toBeNull())
})

describe('a typed amount', () => {
  const check = (typed: string) => checkAmount(typed, '0.01', '10000.00')
  it.each([
    ['50', '50.00'],
    ['50.', '50.00'],
    ['50.5', '50.50'],
    [' 1,000 ', '1000.00'],
    ['¥20', '20.00'],
    ['５０', '50.00'],
    ['10000', '10000.00'],
  ])('%j is taken', (typed, amount) => expect(check(typed)).toEqual({ ok: true, amount }))
  it.each([
    ['', 'empty'],
    ['abc', 'malformed'],
    ['-5', 'malformed'],
    ['1e2', 'malformed'],
    ['1.234', 'places'],
    ['0', 'too_small'],
    ['10000.01', 'too_large'],
  ])('%j is refused as %s', (typed, why) => expect(check(typed)).toEqual({ ok: false, why }))
})
