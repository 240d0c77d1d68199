import type { Problem } from 'page-kit/web/answer.ts'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Attachment, AttachmentType } from '../../../crm/model.ts'
import { uploadTo } from '../plugin-form.ts'
import { useShell } from '../shell.ts'

export interface Pending {
  id: number
  name: string
  type: AttachmentType
  share: number
  uri: string | undefined
  problem: Problem | undefined
}

/** The plugin serves an uploader for each kind; plain files go to the one without a name. */
const uploaderOf = (type: AttachmentType) => (type === 'file' ? undefined : type)

/** Files that will go with the next message, uploaded as soon as they are chosen. */
export function useAttachments() {
  const { plugin, language } = useShell()
  const [pending, setPending] = useState<Pending[]>([])
  const cancels = useRef(new Map<number, () => void>())
  const last = useRef(0)

  useEffect(
    () => () => {
      for (const cancel of cancels.current.values()) cancel()
    },
    []
  )

  const change = (id: number, news: Partial<Pending>) =>
    setPending(before => before.map(item => (item.id === id ? { ...item, ...news } : item)))

  const add = async (type: AttachmentType, file: File) => {
    last.current += 1
    const id = last.current
    setPending(before => [...before, { id, name: file.name, type, share: 0, uri: undefined, problem: undefined }])
    const { done, cancel } = uploadTo(plugin, language, file, share => change(id, { share }), uploaderOf(type))
    cancels.current.set(id, cancel)
    const result = await done
    cancels.current.delete(id)
    change(id, result.ok ? { share: 1, uri: result.body.uri } : { problem: result.problem })
  }

  const drop = (id: number) => {
    cancels.current.get(id)?.()
    setPending(before => before.filter(item => item.id !== id))
  }

  const ready: Attachment[] = pending.flatMap(({ name, type, uri }) => (uri ? [{ name, type, uri }] : []))
  return {
    pending,
    ready,
    busy: pending.some(({ uri, problem }) => !uri && !problem),
    add,
    drop,
    clear: () => setPending([])
  }
}
