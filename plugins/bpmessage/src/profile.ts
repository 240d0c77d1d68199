/** Differences between the service that runs and the one that the README of the Mautic bundle 2.0 documents. */

export type Service = 'whatsapp' | 'sms' | 'rcs' | 'email'
export type Kind = 'phone' | 'email'
export type ProfileName = 'current' | 'readme-2.0'

interface LotPaths {
  create: string
  /** The lot's id follows. */
  add: string
  finish: string
  /** A message without a lot. */
  invoice: string
}

export interface Profile {
  /** idServiceType; null: it has none. */
  services: Readonly<Record<Service, number | null>>
  phone: LotPaths
  email: LotPaths
}

export const ROUTES_PATH = '/api/ServiceSettings/GetRoutes'

const PHONE: LotPaths = {
  create: '/api/Lot/CreateLot',
  add: '/api/Lot/AddMessageToLot/',
  finish: '/api/Lot/FinishLot/',
  invoice: '/api/Message/AddMessageInvoice'
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  current: {
    services: { whatsapp: 1, sms: 2, email: 3, rcs: 4 },
    phone: PHONE,
    email: {
      create: '/api/Email/CreateLot',
      add: '/api/Email/AddEmailToLot/',
      finish: '/api/Email/FinishLot/',
      invoice: '/api/Email/AddEmailInvoice'
    }
  },
  'readme-2.0': {
    services: { sms: 1, whatsapp: 2, rcs: 3, email: null },
    phone: PHONE,
    email: {
      create: '/api/LotEmail/CreateLotEmail',
      add: '/api/LotEmail/AddEmailToLot/',
      finish: '/api/LotEmail/FinishLotEmail/',
      // That README knows no single e-mails.
      invoice: '/api/Email/AddEmailInvoice'
    }
  }
}
