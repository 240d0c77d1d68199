import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/database/schema.ts',
    './src/database/kept.ts',
    './src/database/key-tables.ts',
    './src/database/lot-tables.ts'
  ],
  out: './migrations',
  casing: 'snake_case'
})
