import { constants, createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { originOf } from '../../src/protocol/issuers.ts'
import { failure, type Result } from '../../src/protocol/result.ts'
import {
  allowsSettings,
  claimsProblem,
  parseToken,
  provenClaims,
  signatureProblem,
  type Token,
  timeProblem
} from '../../src/protocol/tokens.ts'

const SELF = 'https://plugin.example.com/echo/'
const ISSUERS = { scheme: 'https', hostnames: ['backend.leadvertex.com', 'backend.salesrender.com'] }
const NOT_OURS = "Issuer hostname is not in '{backend.leadvertex.com,backend.salesrender.com}'"
const PKEY = 'a'.repeat(32)
const HEADER = { typ: 'JWT', alg: 'RS512', pkey: PKEY }
const CLAIMS = { aud: SELF, iss: 'https://backend.salesrender.com/', cid: '1', plugin: { alias: 'chat', id: '10' } }

const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
/** The value, or why there is none. */
const readOf = <Value>(result: Result<Value>) => (result.ok ? result.value : result.reason)

const parsed = (header: unknown, claims: unknown, signature = 'c2ln') =>
  readOf(parseToken(`${encode(header)}.${encode(claims)}.${signature}`))

/** The result of claims whose signature holds. */
function proven(claims: string) {
  const token = parseToken(`${encode(HEADER)}.${encode(claims)}.c2ln`, 4 * 1024 * 1024)
  return readOf(token.ok ? provenClaims(token.value) : token)
}

function token(claims: object = {}, header: object = {}): Token {
  const token = parsed({ ...HEADER, ...header }, { ...CLAIMS, ...claims })
  if (typeof token === 'string') throw new Error(token)
  return token
}

const refusal = (claims: object, header?: object) => claimsProblem(token(claims, header), SELF, ISSUERS)

t.test('a token that is not three parts of JSON maps is refused', async t => {
  const dots = 'The JWT string must have two dots'
  for (const text of ['', 'abc', 'a.b', 'a.b.c.d']) t.same(parseToken(text), failure(dots), text)
  const syntax = 'Error while decoding to JSON: Syntax error'
  t.same(parseToken('a.b.c'), failure(syntax))
  t.equal(parsed('{not json', CLAIMS), syntax)
  t.equal(parsed(HEADER, '{not json'), syntax)
  t.equal(parsed(HEADER, ''), syntax)
  for (const value of [null, 5, 'x', [], true]) {
    t.match(parsed(JSON.stringify(value), CLAIMS), /^Error while decoding to JSON/, JSON.stringify(value))
    t.match(parsed(HEADER, JSON.stringify(value)), /^Error while decoding to JSON/, JSON.stringify(value))
  }
})

t.test('text that is no UTF-8 or holds half a character is refused, also deep in the claims', async t => {
  t.match(readOf(parseToken(`${Buffer.from([0x22, 0xff, 0x22]).toString('base64url')}.e30.`)), /^Error while decoding/)
  t.match(proven('{"body":{"texts":["a\\ud800b"]}}'), /surrogate/)
  t.match(proven('{"\\udc00":1}'), /surrogate/)
  t.type(proven('{"text":"\\ud83d\\ude42"}'), 'object', 'a whole character passes')
})

t.test('claims nested without end are refused instead of breaking the host', async t => {
  for (const depth of [1_000, 20_000, 200_000])
    t.match(proven(`{"body":${'['.repeat(depth)}${']'.repeat(depth)}}`), /^Error while decoding to JSON/)
})

t.test('a token for us, of a cluster we know, may be verified', async t => {
  t.equal(refusal({}), undefined)
  t.equal(refusal({}, { typ: undefined }), undefined, 'the header typ is not needed')
})

t.test('an encrypted token is refused', async t => {
  t.equal(refusal({}, { enc: 'A256GCM' }), 'Encryption is not supported yet')
})

t.test('the audience must be our own address to the last byte', async t => {
  const others = [
    'https://plugin.example.com/echo',
    'https://plugin.example.com/',
    'HTTPS://plugin.example.com/echo/',
    'https://plugin.example.com:443/echo/',
    ''
  ]
  for (const aud of others) t.equal(refusal({ aud }), `Audience mismatched '${aud}'`)
  t.equal(refusal({ aud: undefined }), 'Requested claim is not configured')
})

t.test('an audience of any JSON is a mismatch, never a fault', async t => {
  for (const aud of [[SELF], null, 5, true, {}, { toString: 1 }, [{ toString: 1 }]])
    t.match(refusal({ aud }), /^Audience mismatched '/, JSON.stringify(aud))
})

t.test('the issuer must be an absolute URI', async t => {
  t.equal(refusal({ iss: undefined }), 'Requested claim is not configured')
  for (const iss of ['', 'backend', '://', '/pkey', 'https://', 'https://host:99999/', null, 5, {}, ['https://x/']])
    t.equal(refusal({ iss }), 'Issuer is not an absolute URI', JSON.stringify(iss))
})

t.test('the issuer must have the scheme of the configuration', async t => {
  t.equal(refusal({ iss: 'http://backend.salesrender.com/' }), "Issuer scheme is not 'https'")
  t.equal(refusal({ iss: 'garbage://backend.salesrender.com' }), "Issuer scheme is not 'https'")
  t.equal(refusal({ iss: 'HTTPS://BACKEND.SalesRender.com' }), undefined, 'case does not matter')
})

t.test('only the hosts of the configuration and their subdomains may issue', async t => {
  const hosts = ['backend.leadvertex.com', 'x.backend.salesrender.com', 'a.b.backend.salesrender.com:443']
  for (const host of hosts) t.equal(refusal({ iss: `https://${host}/any/path?x#y` }), undefined, host)
  const foreign = [
    'evilbackend.salesrender.com',
    'salesrender.com',
    'backend.salesrender.com.evil.com',
    'backend.salesrender.com@evil.com',
    'evil.com#backend.salesrender.com',
    'evil.com?.backend.salesrender.com'
  ]
  for (const host of foreign) t.equal(refusal({ iss: `https://${host}` }), NOT_OURS, host)
})

t.test('an issuer with user info is refused', async t => {
  for (const user of ['user', 'user:password', ':password'])
    t.equal(refusal({ iss: `https://${user}@backend.salesrender.com/` }), 'Issuer must not have user info')
})

t.test('the header names its key by an md5, which leads nowhere else', async t => {
  t.equal(refusal({}, { pkey: undefined }), 'Requested header is not configured')
  for (const pkey of ['', 'A'.repeat(32), 'a'.repeat(31), `${'a'.repeat(32)}\n`, '../../etc', 5, null, [PKEY]])
    t.equal(refusal({}, { pkey }), 'Header pkey is not an md5 in lower-case hex', JSON.stringify(pkey))
})

t.test('audience is judged before issuer, and issuer before key', async t => {
  t.match(refusal({ aud: 'x', iss: 'x' }, { pkey: undefined }), /^Audience/)
  t.match(refusal({ iss: 'http://evil.com' }, { pkey: undefined }), /^Issuer scheme/)
  t.match(refusal({ iss: 'https://evil.com' }, { pkey: undefined }), /^Issuer hostname/)
})

t.test("a cluster is known by its issuer's origin, whatever else the issuer names", async t => {
  const urls: [string, string][] = [
    ['https://backend.salesrender.com', 'https://backend.salesrender.com'],
    ['https://x.backend.salesrender.com:8443/a/b?c#d', 'https://x.backend.salesrender.com:8443'],
    ['https://backend.salesrender.com:443/', 'https://backend.salesrender.com']
  ]
  for (const [iss, origin] of urls) t.equal(originOf(iss), origin)
})

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string

function signed(header: object, signer: (data: Buffer) => Buffer): Token {
  const made = token({}, header)
  return { ...made, signature: signer(made.signed) }
}

t.test('an RS512 signature of the key holds', async t => {
  const good = signed({}, data => sign('RSA-SHA512', data, privateKey))
  t.equal(signatureProblem(good, createPublicKey(pem)), undefined)
})

t.test('a token that is not signed is refused', async t => {
  const problem = 'This token is not signed'
  const none = () => Buffer.alloc(0)
  t.equal(signatureProblem(signed({}, none), publicKey), problem)
  const good = (data: Buffer) => sign('RSA-SHA512', data, privateKey)
  t.equal(signatureProblem(signed({ alg: 'none' }, good), publicKey), problem)
  t.equal(signatureProblem(signed({ alg: undefined }, good), publicKey), problem)
})

t.test('no other algorithm, key or text passes for the signature', async t => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const wrong: [string, object, (data: Buffer) => Buffer][] = [
    ['another key', {}, data => sign('RSA-SHA512', data, other)],
    ['RS256 named', { alg: 'RS256' }, data => sign('RSA-SHA256', data, privateKey)],
    ['RS256 passed off', {}, data => sign('RSA-SHA256', data, privateKey)],
    ['HS512 with the public key', { alg: 'HS512' }, data => createHmac('sha512', pem).update(data).digest()],
    ['HS512 passed off', {}, data => createHmac('sha512', pem).update(data).digest()],
    ['lower case', { alg: 'rs512' }, data => sign('RSA-SHA512', data, privateKey)],
    ['None', { alg: 'None' }, data => sign('RSA-SHA512', data, privateKey)],
    ['PSS', {}, data => sign('RSA-SHA512', data, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING })],
    ['of another text', {}, () => sign('RSA-SHA512', Buffer.from('x'), privateKey)]
  ]
  for (const [name, header, signer] of wrong)
    t.equal(signatureProblem(signed(header, signer), publicKey), 'Input token sign was not verified', name)
})

const NOW = 1_700_000_000
const stale = (claims: object) => timeProblem(token(claims), new Date(NOW * 1000))

t.test('a token holds until a minute after its expiry', async t => {
  t.equal(stale({}), undefined, 'none is for good')
  for (const exp of [NOW + 600, NOW, NOW - 60, String(NOW), NOW + 0.5]) t.equal(stale({ exp }), undefined, String(exp))
  for (const exp of [NOW - 61, NOW - 60.5, 0, String(NOW - 3600)])
    t.equal(stale({ exp }), 'Token is expired', String(exp))
})

t.test('a token holds from a minute before its beginning', async t => {
  for (const nbf of [NOW - 600, NOW, NOW + 60]) t.equal(stale({ nbf }), undefined, String(nbf))
  for (const nbf of [NOW + 61, NOW + 60.5]) t.equal(stale({ nbf }), 'Token is not valid yet', String(nbf))
})

t.test('a time that is none is refused, never a fault', async t => {
  for (const time of ['soon', {}, { toString: 1 }, [1, 2]]) {
    t.equal(stale({ exp: time }), 'Token is expired', JSON.stringify(time))
    t.equal(stale({ nbf: time }), 'Token is not valid yet', JSON.stringify(time))
  }
})

t.test('the claim settings is judged as PHP judges truth', async t => {
  for (const settings of [true, 1, -1, 0.5, 'yes', 'false', '0.0', ' ', '00', {}, { a: 0 }, [0], [[]]])
    t.equal(allowsSettings({ settings }), true, JSON.stringify(settings))
  for (const settings of [false, 0, '', '0', [], null, undefined])
    t.equal(allowsSettings({ settings }), false, JSON.stringify(settings))
})
