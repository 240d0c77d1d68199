import type { Kind } from '../src/profile.ts'
import type { Endpoint } from './faults.ts'

/** Fields of each body. The service itself passes over others; the strict simulator does not. */

const ITEM = 'contract cpfCnpjReceiver contactName variables paymentInvoiceId paymentInvoiceOwnerId zipCode shortCode'
const PHONE = `${ITEM} areaCode phone text idTemplate idServiceType metaData attachUrl attachName`
const EMAIL = `${ITEM} from to cc subject body attachments`
const ALONE = 'crmId bookBusinessForeignId stepForeignId idServiceSettings isPostman'
const LOT = 'name startDate endDate user idServiceSettings'

const FIELDS: Readonly<Record<Kind, Partial<Record<Endpoint, string>>>> = {
  phone: {
    create: `${LOT} idQuotaSettings idBookBusinessSendGroup imageUrl imageName`,
    add: `${PHONE} control idForeignBookBusiness`,
    invoice: `${PHONE} ${ALONE} amount dueDate schedule user pixCode pixImageUrl pixImageName idProject instructionsMessage`
  },
  email: {
    create: `${LOT} crmId bookBusinessForeignId stepForeignId isRadarLot`,
    add: `${EMAIL} control idForeignBookBusiness`,
    invoice: `${EMAIL} ${ALONE}`
  }
}

/** The keys of a body that the API has no word for. */
export function strangeKeys(kind: Kind, endpoint: Endpoint, body: unknown): string[] {
  const known = new Set(FIELDS[kind][endpoint]?.split(' '))
  const objects = (Array.isArray(body) ? body : [body]).filter(one => typeof one === 'object' && one !== null)
  return [...new Set(objects.flatMap(one => Object.keys(one)))].filter(key => !known.has(key))
}
