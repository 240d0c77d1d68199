/** The code of an error of `tools.fetch`: the host may not call that address. */
export const FORBIDDEN = 'OUTBOUND_FORBIDDEN'

/** True if a failed `fetch` surely never reached the other side. */
export function neverSent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (isUnsent(cause as NodeJS.ErrnoException)) return true
  return false
}

const isUnsent = ({ code = '', syscall }: NodeJS.ErrnoException) => UNSENT.has(code) || syscall === 'connect'

const UNSENT = new Set([
  FORBIDDEN,
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  // No agreement on encryption, or no trust in who is there: nothing is written before.
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
])
