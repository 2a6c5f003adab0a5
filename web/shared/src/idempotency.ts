// One key per intention: made when a dialog opens, kept for every try with the same body, new once the body changes.

export class IntentKey {
  private body = ''
  private key: string

  constructor(private readonly make: () => string) {
    this.key = make()
  }

  /** The key to send with this body. A repeat after a lost answer gets the same key, so it cannot act twice. */
  forBody(body: unknown): string {
    const text = JSON.stringify(body)
    if (this.body !== '' && this.body !== text) this.key = this.make()
    this.body = text
    return this.key
  }
}

/** A UUID; `crypto.randomUUID` exists only in secure contexts, and the console may be on plain http in a demo. */
export function newUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
