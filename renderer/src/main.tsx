import './styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { HashRouter } from 'react-router';
import { App, forgetWork } from './app/App.tsx';
import { rememberedTheme } from './app/theme.ts';
import { connectHost, createQueryClient, HostProvider } from './host/index.ts';
import { useLayout } from './state/index.ts';

useLayout.getState().setTheme(rememberedTheme());

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <HostProvider client={connectHost()} queryClient={createQueryClient()} onLock={forgetWork}>
      <HashRouter>
        <App />
      </HashRouter>
    </HostProvider>
  </StrictMode>,
);
