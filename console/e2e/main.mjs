// The main job by hand: connect a cloud, let the role trust, attach, run, confirm, look who did what.
import assert from 'node:assert/strict'
import { ask, isFit, keyId, logIn, press, shot, url, withPage } from './browser.mjs'

const { GANTRY_STACK: stack, GANTRY_LEGACY_STACK: legacy, GANTRY_ROLE_PREFIX: prefix } = process.env
const seen = (page, text) => page.getByText(text).first().waitFor()

await withPage(async (page) => {
  await refusesAndLogsIn(page)
  const reader = await connects(page, 'reader', 'Read')
  await connects(page, 'writer', 'Write')
  await attaches(page, 'reader', 'Read')
  await attaches(page, 'writer', 'Write')
  const run = await runs(page)
  await proposes(page)
  await migratesTheLegacyRole(page)
  await editsTheLegacyRole(page)
  await deletesWhatIsInTheWay(page, reader)
  await everyPageIsFit(page, run)
  await worksByKeys(page)
  await logsOut(page)
})

async function refusesAndLogsIn(page) {
  await page.goto(`${url}/cloud-integrations`)
  await isFit(page, 'the login')
  await page.getByLabel('ID of an API key').fill(keyId)
  await page.getByLabel('Secret').fill('wrong')
  await press(page, 'Log in')
  await seen(page, /its secret is another one/)
  await logIn(page, '/cloud-integrations')
  await seen(page, 'No cloud is connected yet')
  const cookie = (await page.context().cookies()).find((one) => one.name.startsWith('__Host-'))
  assert(cookie.httpOnly && cookie.secure && cookie.sameSite === 'Strict', JSON.stringify(cookie))
}

/** Makes an integration, sees its role refuse, tells the role what the page says, and sees it trust. */
async function connects(page, name, access) {
  await page.goto(`${url}/cloud-integrations/new/aws`)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Role ARN').fill('not an ARN')
  await press(page, `Create ${name}`)
  await page.locator('.field .wrong').first().waitFor()
  await page.getByLabel('Role ARN').fill(prefix + name)
  await press(page, `Create ${name}`)
  await page.waitForURL(/\/cloud-integrations\/aws\/[^/]+\/trust/)
  const id = page.url().split('/').at(-2)
  await page.getByLabel('Stacks', { exact: true }).fill(stack)
  await page.getByRole('list', { name: 'Stacks found' }).getByRole('button', { name: new RegExp(`^\\+ ${stack} `) }).click()
  await press(page, access)
  await press(page, 'Verify now')
  await seen(page, /The role refuses the external ID/)
  await press(page, 'Copy trust policy')
  const policy = await page.evaluate(() => navigator.clipboard.readText())
  const [id_] = [JSON.parse(policy).Statement[0].Condition.StringEquals['sts:ExternalId']].flat()
  assert.equal(id_, `acme@${id}@${stack}@${access.toLowerCase()}`)
  await ask({ role: name, policy })
  await press(page, 'Verify now')
  await seen(page, /The role accepts the external ID, and refuses without it/)
  await shot(page, `trust-${name}`)
  await press(page, 'Terraform')
  await seen(page, /data "aws_iam_policy_document"/)
  return id
}

async function attaches(page, name, access) {
  await page.goto(`${url}/stacks/${stack}/access`)
  await press(page, 'Attach an integration')
  const dialog = page.locator('.dialog')
  const choice = await dialog.getByLabel('Integration').locator('option', { hasText: name }).getAttribute('value')
  await dialog.getByLabel('Integration').selectOption(choice)
  for (const one of ['Read', 'Write']) {
    const box = dialog.getByRole('checkbox', { name: new RegExp(`^${one}:`) })
    if (await box.isEnabled()) await box.setChecked(one === access)
  }
  await dialog.getByRole('button', { name: `Attach ${name} for ${access.toLowerCase()}` }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.locator('.phases').getByText(name).first().waitFor()
}

async function runs(page) {
  await page.goto(`${url}/stacks/${stack}/runs`)
  await press(page, 'Start a run')
  await press(page, 'Start the tracked run')
  await page.waitForURL(/\/runs\/[^/?]+/)
  const run = page.url().split('?')[0]
  await page.getByRole('region', { name: 'Confirmation' }).filter({ hasText: 'apply will run as writer' }).waitFor()
  await page.locator('.changes').getByText('terraform_data.greeting').waitFor()
  await isFit(page, 'a run that waits')
  await shot(page, 'run-waiting')
  await page.keyboard.press('y')
  await page.locator('.verdict').getByText('finished').waitFor()
  const timeline = page.getByRole('list', { name: 'Phases' })
  const told = await timeline.getByRole('listitem').allInnerTexts()
  for (const [phase, name] of [['initialize', 'reader'], ['plan', 'reader'], ['apply', 'writer']]) {
    const line = told.find((text) => text.includes(phase))
    assert(line?.includes(name), `${phase} by ${name}: ${told.join(' / ')}`)
  }
  await page.locator('.identity', { hasText: 'writer' }).first().click()
  await seen(page, new RegExp(`@${stack}@write`))
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Log of apply' }).click()
  await page.locator('.log-row').getByText(/Apply complete/).waitFor()
  await page.getByLabel('Search in the log').fill('apply complete')
  await page.locator('.log-row mark').first().waitFor()
  await shot(page, 'run-finished')
  return run
}

async function proposes(page) {
  await page.goto(`${url}/stacks/${stack}/runs?kind=proposed`)
  await press(page, 'Start a run')
  await page.getByLabel('Kind', { exact: true }).selectOption('PROPOSED')
  await press(page, 'Start the proposed run')
  await seen(page, 'This run can only read.')
  await page.locator('.verdict').getByText('finished').waitFor()
  assert.equal(await page.locator('.identity .access.write').count(), 0)
  assert((await page.locator('.identity .access.read').count()) >= 2)
}

/** Sees what is missing, tells the role, migrates, and takes it back. */
async function migratesTheLegacyRole(page) {
  await page.goto(`${url}/stacks/${legacy}/access`)
  await press(page, 'Migrate')
  const dialog = page.locator('.dialog')
  await dialog.getByText(/The role refuses the external ID/).first().waitFor()
  assert(await dialog.getByRole('button', { name: `Migrate ${legacy}` }).isDisabled())
  await isFit(page, 'a migration')
  await shot(page, 'migration')
  await press(page, 'Copy missing statement')
  const statement = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))
  await ask({ admit: [statement].flat() })
  await press(page, 'Look again')
  await dialog.getByRole('button', { name: `Migrate ${legacy}`, disabled: false }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.getByRole('heading', { name: 'AWS: migrated' }).waitFor()
  await page.getByRole('heading', { name: 'AWS: legacy role' }).waitFor({ state: 'detached' })
  await press(page, 'Undo the migration')
  await page.getByRole('heading', { name: 'AWS: legacy role' }).waitFor()
}

async function editsTheLegacyRole(page) {
  await page.goto(`${url}/stacks/${legacy}/access`)
  await press(page, 'Edit')
  await page.locator('.dialog').getByLabel('Session duration in seconds').fill('1800')
  await press(page, 'Save the legacy role')
  await page.locator('.dialog').waitFor({ state: 'hidden' })
  await seen(page, /1800 s/)
  await press(page, 'Delete')
  await page.getByLabel(`Type ${legacy} to confirm`).fill(legacy)
  await press(page, 'Remove the legacy role')
  await page.getByRole('heading', { name: 'AWS: legacy role' }).waitFor({ state: 'detached' })
}

async function deletesWhatIsInTheWay(page, reader) {
  await page.goto(`${url}/cloud-integrations/aws/${reader}/overview`)
  await press(page, 'Delete')
  const dialog = page.locator('.dialog')
  await dialog.getByText('Detach it there first').waitFor()
  assert(await dialog.getByRole('button', { name: 'Delete reader' }).isDisabled())
  await dialog.getByRole('link').first().click()
  await page.getByRole('button', { name: 'Detach' }).first().click()
  await press(page, `Detach from ${stack}`)
  await page.locator('.dialog').waitFor({ state: 'hidden' })
  await page.goto(`${url}/cloud-integrations/aws/${reader}/overview`)
  await press(page, 'Delete')
  await page.getByLabel('Type reader to confirm').fill('reader')
  await press(page, 'Delete reader')
  await page.waitForURL(/\/cloud-integrations$/)
  await page.getByRole('link', { name: 'reader' }).waitFor({ state: 'detached' })
}

async function everyPageIsFit(page, run) {
  await page.goto(`${url}/cloud-integrations`)
  await page.getByRole('link', { name: 'writer' }).click()
  await page.waitForURL(/overview/)
  const writer = new URL(page.url()).pathname.replace('/overview', '')
  const pages = [
    '/stacks', '/stacks/new', '/runs', '/cloud-integrations', '/cloud-integrations/new/aws', '/contexts', '/contexts/new',
    '/workers', '/spaces', '/audit', '/settings', '/nowhere', new URL(run).pathname,
    ...['overview', 'trust', 'verifications', 'edit'].map((tab) => `${writer}/${tab}`),
    ...['runs', 'access', 'environment', 'contexts', 'state', 'settings'].map((tab) => `/stacks/${stack}/${tab}`),
  ]
  for (const [theme, width] of [['dark', 1280], ['light', 1280], ['light', 390]]) {
    await page.emulateMedia({ colorScheme: theme })
    await page.setViewportSize({ width, height: 844 })
    for (const path of pages) {
      await page.goto(url + path)
      await page.getByRole('heading').first().waitFor()
      await isFit(page, `${path} (${theme}, ${width})`)
      await shot(page, `${theme}-${width}${path.replaceAll('/', '-').slice(0, 60)}`)
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 })
}

async function worksByKeys(page) {
  await page.goto(`${url}/stacks`)
  await page.getByRole('heading', { name: 'Stacks' }).waitFor()
  await page.keyboard.type('gc')
  await page.waitForURL(/\/cloud-integrations/)
  await page.keyboard.type('gr')
  await page.waitForURL(/\/runs/)
  await page.keyboard.press('?')
  await page.locator('.dialog').waitFor()
  await isFit(page, 'the keys')
  await page.keyboard.press('Escape')
  await page.locator('.dialog').waitFor({ state: 'hidden' })
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill(legacy)
  await page.getByRole('option', { name: /stack ·/ }).first().waitFor()
  await isFit(page, 'going anywhere')
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(`/stacks/${legacy}/runs`))
  await page.goto(`${url}/stacks`)
  await page.getByRole('heading', { name: 'Stacks' }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type(legacy)
  await page.waitForURL(new RegExp(`q=${legacy}`))
}

async function logsOut(page) {
  await page.locator('.rail').getByRole('button', { name: 'test', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Log out', exact: true }).click()
  await page.getByRole('button', { name: 'Log in' }).waitFor()
  const answer = await page.evaluate(async () => {
    const body = JSON.stringify({ query: '{stacks{id}}' })
    return (await fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json()
  })
  assert.equal(answer.errors[0].message, 'unauthorized')
}
