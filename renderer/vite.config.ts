import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { contentSecurityPolicy } from '../electron/contract/content-security-policy.ts';

/**
 * The production renderer. It must run under a policy without inline script, inline style tags or data: scripts
 * (DESIGN §9), so nothing is inlined and no polyfill script is injected. `vite preview` serves that same policy.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: '../out/renderer',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2024',
    chunkSizeWarningLimit: 900,
  },
  preview: { host: '127.0.0.1', headers: { 'content-security-policy': contentSecurityPolicy("'self'") } },
});
