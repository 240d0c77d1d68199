import type { FastifyReply } from 'fastify'
import type { Answer } from '../crm/caller.ts'

/** Hands the page what a plugin answered, status and body as they came. */
export const relay = (reply: FastifyReply, { status, text }: Answer) =>
  reply
    .code(status)
    .type('application/json')
    .send(text || 'null')
