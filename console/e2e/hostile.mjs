// Names, labels, variables, commit messages, logs and plans of somebody who wants the page to do
// something: it shows them as text.
import assert from 'node:assert/strict'
import { logIn, shot, url, withPage } from './browser.mjs'

const { GANTRY_STACK: stack, GANTRY_RUNS: runs } = process.env

await withPage(async (page) => {
  // Whatever gets to run says so.
  await page.addInitScript(() => {
    window.struck = (what) => console.error(`it ran: ${what ?? ''}`)
  })
  await logIn(page, '/stacks')
  const pages = [
    '/stacks', '/contexts', '/contexts/hostile/environment', '/contexts/hostile/stacks', '/cloud-integrations', '/spaces', '/audit', '/runs', '/settings',
    ...['runs', 'runs?kind=tasks', 'access', 'environment', 'contexts', 'state', 'settings'].map((tab) => `/stacks/${stack}/${tab}`),
    ...runs.split(',').flatMap((run) => [`/stacks/${stack}/runs/${run}?view=log`, `/stacks/${stack}/runs/${run}?view=changes`]),
    // In the address, too.
    `/stacks?q=${encodeURIComponent('"><img src=x onerror=struck()>')}`,
    `/stacks/${encodeURIComponent('<svg onload=struck()>')}/runs`,
  ]
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 })
    for (const path of pages) {
      await page.goto(url + path)
      await page.getByRole('heading').first().waitFor()
      await page.waitForFunction(() => !document.querySelector('.skeleton'))
      await page.waitForTimeout(150)
      const found = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth - window.innerWidth,
        scripts: document.querySelectorAll('script:not([src])').length,
        strangers: [...document.querySelectorAll('main img, main iframe, main object, main embed, main base, main script, main style, main form[action], main a[href^="javascript"]')].map((one) => one.outerHTML.slice(0, 120)),
      }))
      assert(found.wide <= 1, `${path} is ${found.wide} too wide in ${width}`)
      assert.deepEqual([found.scripts, found.strangers], [0, []], path)
    }
  }
  // A log with every string in it: all lines are there, and none has more than text and colours.
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.goto(`${url}/stacks/${stack}/runs/${runs.split(',')[0]}?view=log`)
  await page.getByLabel('Search in the log').fill('the last hostile line')
  await page.getByRole('status').getByText('in 1').waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.log-row mark').waitFor()
  const tags = await page.evaluate(() => [...new Set([...document.querySelectorAll('.log-row *')].map((one) => one.tagName))].sort())
  assert.deepEqual(tags, ['BUTTON', 'CODE', 'MARK', 'SPAN'])
  await shot(page, 'hostile-log')
})
