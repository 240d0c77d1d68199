/** Why a message cannot be sent: translated, and meant for whoever wrote it. */
export interface Refusal {
  refused: string
}
