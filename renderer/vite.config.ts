import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * The production renderer. It must run under a policy without inline script, inline style tags or data: URLs
 * (DESIGN §9), so nothing is inlined and no polyfill script is injected. `vite preview` serves that same policy.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

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
  preview: { host: '127.0.0.1', headers: { 'content-security-policy': contentSecurityPolicy } },
});
