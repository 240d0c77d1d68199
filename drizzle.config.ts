import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/postgres/schema/schema.ts',
    './src/postgres/schema/registration-data.ts',
    './src/postgres/schema/keys.ts',
    './src/postgres/schema/lots.ts',
    './src/postgres/schema/api.ts',
    './src/postgres/schema/webhooks.ts'
  ],
  out: './migrations',
  casing: 'snake_case'
})
