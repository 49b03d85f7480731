// A real browser in front of a real server. The test that starts this file makes the world and answers
// what only it can do, such as writing a role's trust policy: a line of JSON out, a line of JSON back.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

export const { GANTRY_URL: url, GANTRY_KEY_ID: keyId, GANTRY_KEY_SECRET: keySecret } = process.env
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const shots = new URL('../screenshots/', import.meta.url)
const PATIENCE = 30_000

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** Asks whoever started this. */
export async function ask(question) {
  process.stdout.write(`${JSON.stringify(question)}\n`)
  const { value, done } = await answers.next()
  assert(!done, 'the test has gone')
  return JSON.parse(value)
}

function program() {
  const known = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const found = known.find((path) => path && existsSync(path))
  assert(found, 'there is no Chromium: apt-get install chromium, or name one in CHROMIUM')
  return found
}

/** Runs a scenario on a page; whatever the page complains about fails it. */
export async function withPage(scenario, options = {}) {
  const browser = await chromium.launch({
    executablePath: program(),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  const complaints = []
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'dark', ...options })
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE)
    page.on('pageerror', (error) => complaints.push(`fault: ${error}`))
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('console', (message) => {
      // A refused login is an answer that browsers write down as a fault.
      if (message.type() === 'error' && !/401 \(Unauthorized\)/.test(message.text())) complaints.push(message.text())
    })
    try {
      await scenario(page)
    } catch (error) {
      await shot(page, 'failed')
      console.error(`at ${page.url()}:`)
      throw error
    }
    assert.deepEqual(complaints, [], 'the page complained')
  } finally {
    if (complaints.length) console.error(complaints.join('\n'))
    await browser.close()
    // Nothing is asked any more, and nobody is waited for.
    process.stdin.destroy()
  }
}

export async function shot(page, name) {
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: new URL(`${name}.png`, shots).pathname })
}

export async function logIn(page, path = '/') {
  await page.goto(url + path)
  await page.getByLabel('ID of an API key').fill(keyId)
  await page.getByLabel('Secret').fill(keySecret)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.locator('.rail').waitFor({ state: 'attached' })
}

/** A button by its whole name. */
export const press = (page, name) => page.getByRole('button', { name, exact: true }).first().click()

/** Nothing for axe to find, and nothing that makes the page scroll sideways. */
export async function isFit(page, what) {
  await page.waitForFunction(() => !document.querySelector('.skeleton'))
  // Past the policy of the page, as a browser's own tools are.
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] })
    return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)
  })
  assert.deepEqual(found, [], `axe on ${what}`)
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
  assert(wide <= room + 1, `${what} is ${wide} wide in ${room}`)
}
