import t from 'tap'
import { testCrm, testHost } from '../harness.ts'

/** The catalogues are of use only if the host looks its texts up as they were collected. */

const EXPECTED = {
  ru_RU: { title: 'Все поля', main: 'Основные', choice: 'Новый', refused: 'Значение должно быть не больше 10' },
  pt_BR: { title: 'Todos os campos', main: 'Principal', choice: 'Novo', refused: 'O valor deve ser no máximo 10' },
  sk_SK: { title: 'Všetky polia', main: 'Hlavné', choice: 'Nová', refused: 'Hodnota môže byť najviac 10' },
  en_US: { title: 'All fields', main: 'Main', choice: 'New', refused: 'Should be at most 10' }
}

t.test('an admin reads forms, choices and mistakes in the language asked for', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t)
  const plugin = await crm.register(host.at('form-gallery'))
  const json = { 'content-type': 'application/json' }
  const body = JSON.stringify({ main: { integer: 11 } })

  for (const [language, { title, main, choice, refused }] of Object.entries(EXPECTED)) {
    const ask = (method: string, path: string, more = {}) =>
      plugin.ask({ method, path, ...more, headers: { ...json, 'accept-language': language.replace('_', '-') } })
    t.match((await plugin.info(language)).json, { languages: { current: language } })
    t.match((await ask('GET', 'protected/forms/settings')).json, { title, groups: { main: { title: main } } })
    t.match((await ask('GET', 'protected/autocomplete/status?query=new')).json, { new: { title: choice } })
    t.match((await ask('PUT', 'protected/data/settings', { body })).json, { main: { integer: [refused] } })
  }
})
