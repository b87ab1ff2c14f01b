// Loaded by every Node.js program of a test (NODE_OPTIONS): notes the names of hosts that it looks up, a line each.
'use strict'

const dns = require('dns')
const fs = require('fs')

const lookup = dns.lookup
dns.lookup = function (name, ...rest) {
  fs.appendFileSync(process.env.PAAS_TEST_LOOKUPS, `${name}\n`)
  return lookup.call(this, name, ...rest)
}
