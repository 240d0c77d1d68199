import { execFileSync, spawnSync } from 'node:child_process'

/** Which user an embedded server runs as. Postgres refuses to run as root, so root lends it an account. */

export interface Account {
  uid: number
  gid: number
}

const NAME = 'postgres'

/** The account for a server, or undefined when we are not root and it may run as ourselves. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  return find() ?? create()
}

function find(): Account | undefined {
  const [uid, gid] = ['-u', '-g'].map(flag => spawnSync('id', [flag, NAME], { encoding: 'utf8' }))
  return uid?.status === 0 && gid?.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : undefined
}

function create(): Account {
  const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', NAME], { encoding: 'utf8' })
  const account = find()
  if (!account)
    throw new Error(
      `Postgres cannot run as root, and the user "${NAME}" could not be made: ${made.stderr?.trim() || made.error?.message}. Set DATABASE_URL, or start as an ordinary user.`
    )
  return account
}

/**
 * The command that starts a program as that user. Where the account cannot even reach
 * the files, as below /root or in a private temporary folder, it is lent the
 * one capability of passing by permissions, and no other.
 */
export function runAs(
  account: Account | undefined,
  folder: string,
  program: string,
  args: readonly string[]
): [string, string[]] {
  if (!account) return [program, [...args]]
  const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']
  const reaches = spawnSync('test', ['-x', program, '-a', '-w', folder], account).status === 0
  const only = '-all,+dac_override'
  const lent = [
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${only}`,
    `--ambient-caps=${only}`,
    `--bounding-set=${only}`
  ]
  return [setpriv(), [...ids, ...(reaches ? [] : lent), program, ...args]]
}

function setpriv(): string {
  try {
    return execFileSync('which', ['setpriv'], { encoding: 'utf8' }).trim()
  } catch {
    throw new Error(
      'Started as root, an embedded Postgres needs the program setpriv (util-linux). Set DATABASE_URL, or start as an ordinary user.'
    )
  }
}
