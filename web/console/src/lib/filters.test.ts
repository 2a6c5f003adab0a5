import { describe, expect, it } from 'vitest'

import { apiQuery, filterQuery, parseFilter } from './filters'

describe('the address of a list', () => {
  it('says only what differs', () => {
    expect(filterQuery(parseFilter({}))).toEqual({})
    const query = { arrears: 'yes', sort: '-balance', page: '3', q: '305' }
    expect(filterQuery(parseFilter(query))).toEqual(query)
  })

  it('leaves out the usual order of the page, whichever it is', () => {
    expect(filterQuery(parseFilter({}, 'balance'), 'balance')).toEqual({})
    expect(filterQuery(parseFilter({ sort: 'place' }, 'balance'), 'balance')).toEqual({ sort: 'place' })
  })

  it('drops what makes no sense instead of asking the server for it', () => {
    const filter = parseFilter({ arrears: 'maybe', sort: 'drop', page: '-1', page_size: '9999', view: ['map', 'x'] })
    expect(filterQuery(filter)).toEqual({})
  })

  it('asks for what is set only, and for a whole screen of rooms in the map', () => {
    expect(apiQuery(parseFilter({ relay: 'open' }))).toEqual({ page: 1, page_size: 20, sort: 'place', relay: 'open' })
    expect(apiQuery(parseFilter({ view: 'map', page_size: '50' })).page_size).toBe(200)
  })
})
