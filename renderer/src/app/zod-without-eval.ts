import { config } from 'zod';

// zod otherwise probes `new Function` when a schema is made, which the content policy forbids and reports.
config({ jitless: true });
