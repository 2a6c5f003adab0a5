import { createApi } from '@meterbook/shared'

import { useSession } from '@/stores/session'

/** The one client of the console. */
export const api = createApi({
  csrf: () => useSession().csrf,
  onSignedOut: () => useSession().ended(),
})
