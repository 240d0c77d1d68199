/** Why a message cannot be sent: translated, and meant for whoever wrote it. */
export interface Refusal {
  refused: string
}

/** Why something could not be made; undefined: it was. */
export const reasonIn = (made: object): string | undefined =>
  'refused' in made ? (made as Refusal).refused : undefined
