import { z } from 'zod';
import { exportedFileSchema, packVerdictSchema, reportViewSchema } from '../views.ts';
import { none, path, id } from './fields.ts';

export const reportsMethods = {
  'reports.list': { input: none, output: z.array(reportViewSchema) },
  'reports.exportPack': { input: z.strictObject({ runId: id, path: path.optional() }), output: exportedFileSchema },
  'reports.exportPdf': { input: z.strictObject({ runId: id, path: path.optional() }), output: exportedFileSchema },
  'reports.verifyPack': { input: z.strictObject({ path }), output: packVerdictSchema },
} as const;
