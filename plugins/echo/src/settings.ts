import { form, group, integer, optional, string } from 'channel-kit/form'

export const Settings = form(
  { title: 'Settings', description: 'Demo chat plugin', button: 'Save' },
  {
    main: group(
      { title: 'Main' },
      {
        prefix: string({ title: 'Answer prefix', default: 'Reply to your message: «' }),
        suffix: string({ title: 'Answer suffix', default: '»' }),
        delay: optional(
          integer({
            title: 'Delay (sec)',
            description: 'Delay for answering and message status webhooks',
            default: 3,
            minimum: 0,
            maximum: 10
          })
        )
      }
    )
  }
)
