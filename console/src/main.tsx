import './styles/tokens.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/parts.css'
import './styles/pages.css'
import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Gate } from './app/Gate'
import { router } from './app/router'
import type { Refused } from './lib/graphql'
import { applyTheme } from './lib/theme'

applyTheme()

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      // A sentence of the server's is an answer; only silence is tried again.
      retry: (times, error) => times < 1 && (error as Refused).name !== 'Refused',
    },
  },
})

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={client}>
          <Gate>
            <RouterProvider router={router} />
          </Gate>
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>,
  )
}
