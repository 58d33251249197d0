import { z } from 'zod';

/** Answers of Ray's dashboard (Jobs API and state API, Ray 2.5x and 2.60). Fields that Nacre does not use are let pass. */

const text = (maximum: number) => z.string().max(maximum);
const optionalText = (maximum: number) => text(maximum).nullish();

export const rayVersionSchema = z.object({ version: text(32), ray_version: text(64) });

export const authenticationModeSchema = z.object({ authentication_mode: text(64) });

export const rayNodeSchema = z.object({
  node_id: z.string().regex(/^[0-9a-f]{1,128}$/),
  node_ip: text(64),
  is_head_node: z.boolean(),
  state: z.enum(['ALIVE', 'DEAD']),
  /** Ray's own words about the end of a node. */
  state_message: optionalText(16_384),
  node_name: optionalText(256),
  resources_total: z.record(text(256), z.number()),
  labels: z.record(text(256), text(1024)).nullish(),
});

/** What every list of the state API is wrapped in. */
export const stateListSchema = z.object({
  result: z.literal(true),
  data: z.object({ result: z.object({ total: z.number().int(), result: z.array(z.unknown()).max(10_000) }) }),
});

export const submittedSchema = z.object({ submission_id: text(256) });

export const rayJobStates = ['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED'] as const;

export const rayJobSchema = z.object({
  type: z.enum(['SUBMISSION', 'DRIVER']),
  submission_id: optionalText(256),
  status: z.enum(rayJobStates),
  entrypoint: text(65_536),
  message: optionalText(262_144),
  error_type: optionalText(256),
  start_time: z.number().nullish(),
  end_time: z.number().nullish(),
  driver_node_id: optionalText(128),
  driver_exit_code: z.number().int().nullish(),
});

export const stoppedSchema = z.object({ stopped: z.boolean() });
export const deletedSchema = z.object({ deleted: z.boolean() });

export const clusterEventSchema = z.object({
  severity: text(32),
  time: text(64).nullish(),
  source_type: text(128),
  message: text(65_536),
  event_id: text(128),
});
