import { cancelLot } from '../lots/cancel.ts'
import type { CliAnswer } from './answer.ts'
import { withDatabase } from './database.ts'

export const lotsCancel = ({ lotId: id }: { lotId: number }): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const cancelled = await cancelLot(database, id, new Date())
    switch (cancelled.kind) {
      case 'none':
        throw new Error(`There is no lot ${id}.`)
      case 'late':
        throw new Error(`Lot ${id} is ${cancelled.state}: there is nothing to cancel any more.`)
      case 'busy':
        throw new Error(`A host is calling the gateway for lot ${id} at the moment. Try again.`)
      case 'cancelled':
        return {
          data: { id, rest: cancelled.rest },
          text: cancelled.rest
            ? `Cancelled what of lot ${id} had not left. The rest is at the gateway, and a host closes it there.`
            : `Cancelled lot ${id}. Its messages have failed, and the CRM is told so.`
        }
    }
  })
