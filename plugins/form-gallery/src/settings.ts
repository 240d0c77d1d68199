import {
  boolean,
  file,
  float,
  form,
  group,
  iframe,
  integer,
  listOfEnum,
  markdown,
  markdownPreview,
  multiline,
  optional,
  password,
  string,
  tablePreview
} from 'channel-kit/form'

/** Every field definition once, and their corner cases. */
const groups = {
  main: group(
    { title: 'Main', description: 'Main *description*' },
    {
      string: string({
        title: 'String',
        description: 'A string',
        default: 'def «ё» / <b>',
        context: { hint: 1 },
        pattern: '\\S'
      }),
      multiline: optional(multiline({ title: 'Multiline', default: 'line1\nline2' })),
      integer: integer({ title: 'Integer', default: 3, minimum: 0, maximum: 10 }),
      float: optional(float({ title: 'Float', default: 1.5 })),
      floatWhole: optional(float({ title: 'Float whole default', default: 2 })),
      boolean: boolean({ title: 'Boolean', default: true }),
      password: password({ title: 'Password' }),
      password2: optional(password({ title: 'Optional password', default: 'defaultpass' })),
      file: optional(file({ title: 'File' }))
    }
  ),
  lists: group(
    { title: 'Lists' },
    {
      static: listOfEnum({
        title: 'Static',
        values: {
          one: { title: 'One', group: 'First group' },
          two: { title: 'Two', group: 'First group' },
          three: { title: 'Three', group: 'Second group' }
        },
        limit: { min: 1, max: 2 },
        default: ['one']
      }),
      staticNumeric: optional(
        listOfEnum({
          title: 'Static numeric keys',
          values: { 0: { title: 'Zero', group: 'G' }, 1: { title: 'One', group: 'G' } },
          limit: { max: 1 }
        })
      ),
      staticNumericGap: optional(
        listOfEnum({
          title: 'Static numeric keys with gap',
          values: { 5: { title: 'Five', group: 'G' }, 7: { title: 'Seven', group: 'G' } }
        })
      ),
      staticEmpty: optional(listOfEnum({ title: 'Static empty', values: {} })),
      dynamic: optional(listOfEnum({ title: 'Dynamic', values: 'status', limit: { min: 0 } })),
      callable: optional(
        listOfEnum({ title: 'Callable', values: () => ({ k: { title: 'K', group: 'G' } }), limit: { min: 1, max: 1 } })
      )
    }
  ),
  rich: group(
    { title: 'Rich', dependencies: { table: ['markdown', 'iframe'], mdpreview: ['markdown'] } },
    {
      markdown: optional(markdown({ title: 'Markdown', default: '**bold**' })),
      iframe: optional(iframe({ title: 'IFrame', iframe: 'iframe/index.html', default: { a: 1 } })),
      table: tablePreview({ title: 'Table', description: 'Table preview', previewer: 'table1', context: { ctx: 'x' } }),
      mdpreview: markdownPreview({ title: 'MD preview', previewer: 'md1' })
    }
  ),
  empty: group({ title: 'Empty group' }, {})
}

const label = { title: 'All fields', button: 'Save' }

export const Settings = form(label, groups)

/** Shows in its description the context that the CRM asked with, if any. */
export const formIn = (context: unknown) =>
  Object.keys(context as object).length === 0
    ? Settings
    : form({ ...label, description: `ctx:${JSON.stringify(context)}` }, groups)
