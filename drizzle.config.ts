import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: ['./src/database/schema.ts', './src/database/kept.ts'],
  out: './migrations',
  casing: 'snake_case'
})
