import type { FastifySchemaCompiler } from 'fastify'
import { type TObject, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'

/** Requests as their schemas have them. */

const INTEGER = /^-?\d{1,16}$/

/**
 * Fills defaults in, and reads the integers of a path or a query. The compiler of `@fastify/type-provider-typebox` is not
 * used: it leaves defaults out, and takes `true` and `1e3` for the ids 1 and 1000.
 */
export const validateRequest: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema)
  return given => {
    const value = Value.Default(schema, httpPart === 'body' ? given : withIntegers(schema as TObject, given))
    return check.Check(value) ? { value } : { error: check.Errors(value) }
  }
}

const withIntegers = ({ properties }: TObject, given: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      isInteger(properties[name]) && isDigits(value) ? Number(value) : value
    ])
  )

const isInteger = (schema: TSchema | undefined) => (schema as { type?: string } | undefined)?.type === 'integer'
const isDigits = (value: unknown): value is string => typeof value === 'string' && INTEGER.test(value)

/** A text that the database can store: it takes no NUL. */
export const Text = (maxLength: number, description?: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$', ...(description ? { description } : {}) })

/** A time that somebody gives: of this age, since Postgres has no year 0, and without a leap second, which JavaScript has not. */
export const GivenTime = Type.String({
  format: 'date-time',
  maxLength: 40,
  pattern: '^[12]\\d{3}-.{5}[Tt ]\\d\\d:\\d\\d:[0-5]'
})
