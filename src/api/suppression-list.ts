import { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { stringify } from 'csv-stringify/sync'
import type { NewSuppression } from '../contacts/suppressed-contacts.ts'
import type { SuppressedPurpose } from '../postgres/schema/conversations.ts'
import { LIMITS } from '../protocol/limits.ts'
import { failure, type Result, success } from '../protocol/result.ts'

/** Lists of suppressed contacts as CSV: what spreadsheets write, and what they read. */

export const MAX_NOTE = 500

const COLUMNS = ['contact', 'purpose', 'source', 'at', 'note'] as const

/** A row that is no contact, by its line in the file. */
interface WrongRow {
  line: number
  reason: string
}

interface ReadList {
  wanted: NewSuppression[]
  wrong: WrongRow[]
}

interface Row {
  record: string[]
  info: { lines: number }
}

/**
 * Reads a list: by the header, where the first row has a column `contact`, with the columns `purpose` and `note` where it has
 * them; otherwise the first column is the contact. A wrong row costs no other. A failure: it is no CSV.
 */
export async function readList(
  text: string,
  { purpose, note, most }: { purpose: SuppressedPurpose; note: string | null; most: number }
): Promise<Result<ReadList>> {
  let rows: readonly Row[]
  try {
    rows = await rowsOf(text, most + 2)
  } catch (error) {
    return failure(`it is no CSV: ${(error as Error).message.slice(0, 200)}`)
  }
  const titles = rows[0]?.record.map(title => title.toLowerCase()) ?? []
  const hasHeader = titles.includes('contact')
  const at = (name: (typeof COLUMNS)[number]) => (hasHeader ? titles.indexOf(name) : name === 'contact' ? 0 : -1)
  const listed = hasHeader ? rows.slice(1) : rows
  if (listed.length > most) return failure(`it has more than ${most} contacts`)

  const read: ReadList = { wanted: [], wrong: [] }
  for (const { record, info } of listed) {
    // Spreadsheets mark a text with an apostrophe that would be a formula, as `listCsv` does.
    const contact = (record[at('contact')] ?? '').replace(/^'/, '')
    const given = { purpose: record[at('purpose')]?.toLowerCase() || purpose, note: record[at('note')] || note }
    const reason = wrongIn(contact, given)
    if (reason === undefined) read.wanted.push({ contact, ...given } as NewSuppression)
    else read.wrong.push({ line: info.lines, reason })
  }
  return success(read)
}

/** Bytes that are read before other requests get their turn. */
const PIECE = 16_384

/** As bytes, since a piece of a text may end within a letter. */
function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += PIECE) yield bytes.subarray(from, from + PIECE)
}

const rowsOf = (text: string, to: number): Promise<Row[]> =>
  Readable.from(piecesOf(Buffer.from(text)))
    .pipe(
      parse({
        bom: true,
        delimiter: [',', ';', '\t'],
        info: true,
        relax_column_count: true,
        skip_empty_lines: true,
        trim: true,
        max_record_size: 8_192,
        to
      })
    )
    .toArray()

function wrongIn(contact: string, { purpose, note }: { purpose: string; note: string | null }): string | undefined {
  if (contact === '') return 'there is no contact'
  if (contact.length > LIMITS.contact) return `the contact is longer than ${LIMITS.contact} characters`
  if (contact.includes('\0') || note?.includes('\0')) return 'it has a NUL'
  if (purpose !== 'marketing' && purpose !== 'all') return 'the purpose is neither marketing nor all'
  return note !== null && note.length > MAX_NOTE ? `the note is longer than ${MAX_NOTE} characters` : undefined
}

interface Listed {
  contact: string | null
  purpose: string
  source: string
  at: Date
  note: string | null
}

/** Rows of a list; a text that a spreadsheet would compute is marked as a text. */
export const listCsv = (rows: readonly Listed[], { header }: { header: boolean }): string =>
  stringify(
    rows.map(row => ({ ...row, at: row.at.toISOString() })),
    { columns: [...COLUMNS], header, escape_formulas: true }
  )
