// The life of an app, by npm's heroku-client as it is published: made, configured, deployed, scaled, rolled back,
// destroyed. Whoever starts this has aimed it by `eval "$(paas heroku:env)"`.
//
// After each step it says what it has found as a line of JSON, and waits for a line until it goes on.
'use strict'

const fs = require('node:fs')
const readline = require('node:readline')
const Heroku = require('heroku-client')

const [name, domain, drain, buildpack, ...sources] = process.argv.slice(2)
const heroku = new Heroku({ host: process.env.HEROKU_HOST, token: process.env.HEROKU_API_KEY })
const path = `/apps/${name}`
const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function main () {
  const app = await heroku.post('/apps', { body: { name } })
  await heroku.put(`${path}/buildpack-installations`, { body: { updates: [{ buildpack }] } })
  await heroku.patch(`${path}/config-vars`, { body: { GREETING: 'hello', EXTRA: 'x' } })
  const config = await heroku.patch(`${path}/config-vars`, { body: { EXTRA: null } })
  await heroku.post(`${path}/domains`, { body: { hostname: domain, sni_endpoint: null } })
  await heroku.post(`${path}/log-drains`, { body: { url: drain } })
  await step('created', {
    id: app.id,
    stack: app.stack.name,
    config,
    domains: (await heroku.get(`${path}/domains`)).map((domain) => domain.hostname),
    drains: (await heroku.get(`${path}/log-drains`)).map((drain) => drain.url),
    missing: await heroku.get('/apps/no-such-app').catch((error) => `${error.statusCode} ${error.body.id}`)
  })

  const first = await deploy(sources[0], 'one')
  await step('deployed', first)

  const formation = await heroku.patch(`${path}/formation`, { body: { updates: [{ type: 'web', quantity: 2 }] } })
  const dynos = await until(
    () => heroku.get(`${path}/dynos`),
    (dynos) => dynos.filter((dyno) => dyno.state === 'up').length === 2
  )
  await step('scaled', { quantity: formation[0].quantity, dynos: dynos.map((dyno) => dyno.name) })

  await step('deployed again', await deploy(sources[1], 'two'))

  const rollback = await heroku.post(`${path}/releases`, { body: { release: first.release } })
  // One page after the other, which the client puts together.
  const releases = await heroku.get(`${path}/releases`, { headers: { Range: 'version ..; max=2' } })
  await step('rolled back', { version: rollback.version, description: rollback.description, releases: releases.length })

  const session = await heroku.post(`${path}/log-sessions`, { body: { lines: 1500 } })
  const log = await (await fetch(session.logplex_url)).text()
  await step('read the log', { lines: log.trimEnd().split('\n') })

  const destroyed = await heroku.delete(path)
  await step('destroyed', { id: destroyed.id, apps: (await heroku.get('/apps')).map((app) => app.name) })
}

// Uploads a source, builds it, and waits for the release.
async function deploy (file, version) {
  const { source_blob: blob } = await heroku.post('/sources')
  const uploaded = await fetch(blob.put_url, { method: 'PUT', body: fs.readFileSync(file) })
  if (!uploaded.ok) throw new Error(`the upload is answered with ${uploaded.status}`)
  const { id, output_stream_url: url } = await heroku.post(`${path}/builds`, {
    body: { source_blob: { url: blob.get_url, version } }
  })
  const output = await (await fetch(url)).text()
  const build = await until(() => heroku.get(`${path}/builds/${id}`), (build) => build.status !== 'pending')
  return { build: id, status: build.status, output, release: build.release?.id }
}

async function until (ask, isEnough) {
  const deadline = Date.now() + 90_000
  for (;;) {
    const found = await ask()
    if (isEnough(found)) return found
    if (Date.now() > deadline) throw new Error(`still not so: ${JSON.stringify(found)}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function step (step, found) {
  console.log(JSON.stringify({ step, ...found }))
  await answers.next()
}

main().then(() => process.exit(0), (error) => {
  console.error(error, error.body)
  process.exit(1)
})
