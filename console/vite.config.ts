import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Where `npm run dev` finds a server: GANTRY_URL=http://127.0.0.1:7878
const server = process.env.GANTRY_URL ?? 'http://127.0.0.1:7878'

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    // Nothing inline: the policy of the pages forbids it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      ['/graphql', '/session', '/events'].map((path) => [path, { target: server, changeOrigin: false }]),
    ),
  },
})
