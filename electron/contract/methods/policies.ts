import { z } from 'zod';
import {
  measurementDifferenceSchema,
  policyCheckSchema,
  policyLimits,
  policyTemplateSchema,
  policyVersionViewSchema,
  policyViewSchema,
  reappraisalSchema,
} from '../policy-document.ts';
import { exportedFileSchema } from '../views.ts';
import { id, none, path } from './fields.ts';

const text = z.string().max(policyLimits.textCharacters);
const note = z.string().max(500).optional();
/** The number of the version that the change was made on; 0 for a new policy. Another one in between is an error. */
const basis = z.number().int().min(0);

export const policiesMethods = {
  /** Newest version of each, the built-in one first, retired ones last. */
  'policies.list': { input: none, output: z.array(policyViewSchema) },
  'policies.templates': { input: none, output: z.array(policyTemplateSchema) },
  /** Newest first. */
  'policies.history': { input: z.strictObject({ id }), output: z.array(policyVersionViewSchema) },
  /** Reads a text as a policy; `against` names a policy to compare it with. Changes nothing. */
  'policies.check': { input: z.strictObject({ text, against: id.optional() }), output: policyCheckSchema },
  'policies.save': { input: z.strictObject({ text, basis, note }), output: policyViewSchema },
  'policies.retire': { input: z.strictObject({ id, basis, note }), output: policyViewSchema },
  'policies.export': { input: z.strictObject({ id, path: path.optional() }), output: exportedFileSchema },
  /** `author`: the key (base64) that a foreign file must be signed by. */
  'policies.import': {
    input: z.strictObject({ path, author: z.string().max(64).optional() }),
    output: policyViewSchema,
  },
  /** Why measurements of archived evidence are not those of the policy it was asked under. */
  'evidence.differences': { input: z.strictObject({ id }), output: z.array(measurementDifferenceSchema) },
  /** Judges archived evidence by another policy: a kept one, or a draft. Releases nothing. */
  'evidence.reappraise': {
    input: z.strictObject({
      id,
      policyId: id.optional(),
      text: text.optional(),
      at: z.enum(['then', 'now']),
    }),
    output: reappraisalSchema,
  },
} as const;
