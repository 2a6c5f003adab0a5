// The lock file must name no download host: every machine uses the registry it is set up for.
import { readFileSync } from 'node:fs'

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const hosts = Object.entries(lock.packages).filter(([, p]) => /^(https?|git)/.test(p.resolved ?? ''))
const unproved = Object.entries(lock.packages).filter(([name, p]) => name.startsWith('node_modules/') && !p.link && !p.integrity)
for (const [name] of hosts) console.error(`lock file: ${name} carries a download address`)
for (const [name] of unproved) console.error(`lock file: ${name} has no integrity hash`)
console.log(`lock file: ${Object.keys(lock.packages).length} packages, ${hosts.length} addresses, ${unproved.length} without hash`)
process.exit(hosts.length + unproved.length === 0 ? 0 : 1)
