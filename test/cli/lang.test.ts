import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CatalogueFile } from '../../src/protocol/language.ts'
import { testFolder } from '../harness.ts'
import { cli, cliJson, PROJECT } from './run.ts'

const LANGUAGES = ['en_US', 'pt_BR', 'ru_RU', 'sk_SK']

interface Updated {
  files: { file: string; language: string; changed: boolean; added: Item[]; dropped: Item[]; missing: Item[] }[]
}
interface Item {
  category: string
  source: string
}

t.test('the catalogues of this project are complete, for the host and every channel that is translated', async t => {
  const { code, stdout, stderr } = await cli(t, ['lang', 'update', '--check'], { cwd: PROJECT })
  t.same([code, stderr], [0, ''], stdout)

  const { files } = await cliJson<Updated>(t, ['lang', 'update', '--check'], { cwd: PROJECT })
  t.same(
    files.map(({ file }) => file).filter(file => file.startsWith('translations/')),
    LANGUAGES.map(language => `translations/${language}.json`)
  )
  t.ok(files.some(({ file }) => file === 'plugins/echo/translations/sk_SK.json'))
  for (const { file } of files)
    for (const { source, translated } of Object.values(await catalogue(join(PROJECT, file))).flat())
      t.same(placeholders(translated), placeholders(source), `${file}: ${source}`)
})

t.test('lang add makes what there is to translate, for the host and its channels or for some of them', async t => {
  const { run, read } = await project(t)
  const added = await run<{ files: string[] }>('add', 'de_DE')
  const folders = ['plugins/echo/translations', 'plugins/form-gallery/translations', 'translations']
  for (const one of folders) t.ok(added.files.includes(`${one}/de_DE.json`), one)
  const echo = await read('plugins/echo/translations/de_DE.json')
  t.same(Object.keys(echo), ['info', 'settings'])
  t.match(echo.settings, [{ source: 'Answer prefix', translated: '' }])
  t.match((await read('translations/de_DE.json')).validation, [{ source: 'Choose at least {limit}', translated: '' }])

  t.same((await run<{ files: string[] }>('add', 'fr_FR', '--channel', 'echo')).files, [
    'plugins/echo/translations/fr_FR.json'
  ])
})

t.test('lang add refuses what is there already and what is no language, and then writes nothing', async t => {
  const { ask, folder } = await project(t)
  const listing = async () => (await readdir(folder, { recursive: true })).filter(path => path.endsWith('.json'))
  await rm(join(folder, 'plugins/echo/translations/sk_SK.json'))
  const before = await listing()

  t.match(await ask('add', 'sk_SK'), { code: 1, stdout: '', stderr: /^translations\/sk_SK.json is there already/ })
  for (const code of ['de', 'de-DE', 'DE_de', 'de_DE.json', '../de_DE'])
    t.match(await ask('add', code), { code: 1, stdout: '', stderr: /is written xx_YY, such as de_DE/ }, code)
  t.match(await ask('add', 'de_DE', '--channel', 'pigeon'), {
    code: 1,
    stderr: /^The channel "pigeon" is not installed/
  })
  t.same(await listing(), before)
})

t.test('lang update adds what is new, drops what has vanished, and keeps what is translated', async t => {
  const { run, ask, read, replace, folder } = await project(t)
  await replace('plugins/echo/src/settings.ts', `'Answer prefix'`, `'Before the answer'`)
  await replace(
    'plugins/echo/src/channel.ts',
    'text.toLowerCase()',
    `translate('chat', 'It\\'s "{text}"').toLowerCase()`
  )
  const path = 'plugins/echo/translations/ru_RU.json'

  const check = await ask('update', '--check')
  t.match(check, { code: 1, stderr: /^The catalogues are not complete/ })
  t.match(check.stdout, /ru_RU.json: 2 new, 1 vanished, 2 to translate\n {2}vanished +settings: Answer prefix\n/)
  t.ok(JSON.stringify(await read(path)).includes('Answer prefix'), 'a check writes nothing')

  const { files } = await run<Updated>('update')
  const fresh = [
    { category: 'chat', source: 'It\'s "{text}"' },
    { category: 'settings', source: 'Before the answer' }
  ]
  t.match(
    files.find(({ file }) => file === path),
    { changed: true, added: fresh, dropped: [{ category: 'settings', source: 'Answer prefix' }], missing: fresh }
  )
  const russian = await read(path)
  t.same(russian.chat, [{ source: 'It\'s "{text}"', translated: '' }])
  const sources = russian.settings?.map(({ source }) => source) ?? []
  t.same(sources, sources.toSorted())
  t.ok(sources.includes('Before the answer') && !sources.includes('Answer prefix'))
  t.match(russian.info, [{ source: 'Example chat plugin', translated: 'Пример чат-плагина' }])
  t.ok((await readFile(join(folder, path), 'utf8')).endsWith('\n  ]\n}\n'))

  const english = await read('plugins/echo/translations/en_US.json')
  t.ok(english.settings?.some(({ source, translated }) => source === 'Before the answer' && translated === source))
  t.notOk(
    (await run<Updated>('update')).files.some(({ changed }) => changed),
    'the second time changes nothing'
  )
})

t.test('a channel is expected to speak the languages of the host', async t => {
  const { run, ask, read, folder } = await project(t)
  const path = 'plugins/echo/translations/pt_BR.json'
  await rm(join(folder, path))
  t.match(await ask('update', '--check'), { code: 1, stdout: /pt_BR.json: \d+ new, 0 vanished, \d+ to translate/ })
  await run('update', '--channel', 'echo')
  t.match((await read(path)).info, [{ source: 'Example chat plugin', translated: '' }])
})

t.test('a blank translation is missing, and a file that is no catalogue is named', async t => {
  const { ask, replace, folder } = await project(t)
  await replace('translations/pt_BR.json', 'Valor inválido', ' ')
  t.match(await ask('update', '--check'), { code: 1, stdout: /pt_BR.json: 0 new, 0 vanished, 1 to translate/ })
  t.match(await ask('update'), { code: 0, stdout: / 0 changed, 1 translation missing\.\n$/ })

  await writeFile(join(folder, 'translations/pt_BR.json'), '{')
  t.match(await ask('update'), {
    code: 1,
    stdout: '',
    stderr: /^The catalogue .*translations\/pt_BR.json cannot be read/
  })
})

/** A copy of the project whose catalogues and sources a test may change. Its packages are those of the original. */
async function project(t: Test) {
  const folder = await testFolder(t)
  const skip = (path: string) => !/\/(node_modules|simulator)$/.test(path)
  for (const part of ['src', 'page-kit', 'plugins', 'translations', 'migrations', 'package.json'])
    await cp(join(PROJECT, part), join(folder, part), { recursive: true, filter: skip })
  await mkdir(join(folder, 'node_modules'))
  for (const name of await readdir(join(PROJECT, 'node_modules'))) {
    const channel = /^channel-(?!kit$)(.+)$/.exec(name)?.[1] ?? (name === 'channel-kit' ? 'channel-kit' : undefined)
    const target = channel ? join(folder, 'plugins', channel) : join(PROJECT, 'node_modules', name)
    await symlink(target, join(folder, 'node_modules', name))
  }
  const where = { project: folder, cwd: folder }
  return {
    folder,
    ask: (...args: string[]) => cli(t, ['lang', ...args], where),
    run: <Value>(...args: string[]) => cliJson<Value>(t, ['lang', ...args], where),
    read: (path: string) => catalogue(join(folder, path)),
    async replace(path: string, old: string, by: string) {
      const text = await readFile(join(folder, path), 'utf8')
      if (!text.includes(old)) throw new Error(`${path} has no ${old}`)
      await writeFile(join(folder, path), text.replace(old, by))
    }
  }
}

const catalogue = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as CatalogueFile

const placeholders = (text: string) => text.match(/\{\w+\}/g)?.sort() ?? []
