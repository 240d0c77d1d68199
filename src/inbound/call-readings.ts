/** `skipped`: calls of which something became no event. */
export const READ = ['events', 'skipped', 'failed'] as const
