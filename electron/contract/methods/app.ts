import { z } from 'zod';
import { settingsSchema } from '../settings.ts';
import { activitySchema, appStateSchema, fileEntrySchema, taskViewSchema } from '../views.ts';
import { none, path, id } from './fields.ts';

export const appMethods = {
  'app.state': { input: none, output: appStateSchema },
  'app.activity': {
    input: z.strictObject({ limit: z.number().int().min(1).max(500) }),
    output: z.array(activitySchema),
  },
  'files.browse': {
    input: z.strictObject({ directory: path.optional() }),
    output: z.object({ directory: z.string(), parent: z.string().optional(), entries: z.array(fileEntrySchema) }),
  },
  'tasks.list': { input: none, output: z.array(taskViewSchema) },
  'tasks.cancel': { input: z.strictObject({ id }), output: taskViewSchema },
  /** Holds a task that is `pausable`; what it has done stays. Errors: `wrong_state`. */
  'tasks.pause': { input: z.strictObject({ id }), output: taskViewSchema },
  'tasks.resume': { input: z.strictObject({ id }), output: taskViewSchema },
  'settings.get': { input: none, output: settingsSchema },
  'settings.set': { input: settingsSchema.partial(), output: settingsSchema },
} as const;
