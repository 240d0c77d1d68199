import t from 'tap'
import { mergeCatalogues, pickLanguage, readCatalogue, translate } from '../../src/protocol/language.ts'

const AVAILABLE = ['en_US', 'pt_BR', 'ru_RU']

t.test('the first language of the header that is available is chosen', async t => {
  const asked: [string | undefined, string][] = [
    ['ru-RU', 'ru_RU'],
    ['ru_RU', 'ru_RU'],
    ['en-US,ru-RU;q=0.8', 'en_US'],
    ['ru-RU;q=0.1,en-US;q=0.9', 'ru_RU'],
    ['de-DE,ru-RU', 'ru_RU'],
    ['de-DE, fr-FR;q=0.9, pt-BR;q=0.1', 'pt_BR'],
    ['xx_XXen_US', 'en_US']
  ]
  for (const [header, expected] of asked) t.equal(pickLanguage(header, AVAILABLE, 'sk_SK'), expected, String(header))
})

t.test('what names no whole locale, or none that is there, leaves the default', async t => {
  for (const header of [undefined, '', '*', 'en', 'EN-US', 'en-us', 'de-DE', 'ru;q=1', 'e-US'])
    t.equal(pickLanguage(header, AVAILABLE, 'sk_SK'), 'sk_SK', header ?? 'no header')
})

const catalogues = {
  ru_RU: { settings: { Save: 'Сохранить', Login: '', 'Choose {limit}': 'Выберите {limit}' } },
  en_US: { settings: { Save: 'Save it', Login: 'User' } }
}
const word = (message: string, params?: Record<string, string | number>) =>
  translate(catalogues, ['ru_RU', 'en_US'], 'settings', message, params)

t.test('a text is taken from the first language that has it, else it stays as it is', async t => {
  t.equal(word('Save'), 'Сохранить')
  t.equal(word('Cancel'), 'Cancel')
  t.equal(translate(catalogues, ['ru_RU'], 'info', 'Save'), 'Save', 'categories do not mix')
  t.equal(translate({}, ['ru_RU'], 'settings', 'Save'), 'Save')
})

t.test('an empty translation counts as none', async t => {
  t.equal(word('Login'), 'User')
  t.equal(translate(catalogues, ['ru_RU'], 'settings', 'Login'), 'Login')
})

t.test('parameters are put in, also into an untranslated text, and a name without one stays', async t => {
  t.equal(word('Choose {limit}', { limit: 3 }), 'Выберите 3')
  t.equal(word('{a} and {b} and {a}', { a: 'x', b: 0 }), 'x and 0 and x')
  t.equal(word('{missing}'), '{missing}')
})

t.test('catalogue files are read by category, and of two the later wins text by text', async t => {
  const file = readCatalogue({ settings: [{ source: 'a.b', translated: 'А' }], info: [] })
  t.same(file, { settings: { 'a.b': 'А' }, info: {} })
  t.same(
    mergeCatalogues(
      { ru_RU: { settings: { a: '1', b: '2' } }, en_US: { info: { x: 'y' } } },
      { ru_RU: { settings: { b: '3' }, validation: { c: '4' } } }
    ),
    { ru_RU: { settings: { a: '1', b: '3' }, validation: { c: '4' } }, en_US: { info: { x: 'y' } } }
  )
})
