import { ok, type Result } from '../../contract/result.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import { sessionsOf, type RunRecord, type Session } from './run-record.ts';

/** A new connection to the agent that holds a run's key: no other TLS key is spoken to. */
export function connectSession(session: Session, ports: RunPorts): NodeClient {
  const client = ports.nodes.connect({ name: session.node, url: session.url }, session.tlsSpkiSha256);
  if (session.access !== undefined) client.useGrant(session.access);
  return client;
}

/** Tells every node of an attempt to stop. Connections of their own: a run's are closed as soon as its job has ended. */
export async function tellToStop(record: RunRecord, ports: RunPorts, except?: string): Promise<Result<void>> {
  const told = await Promise.all(
    sessionsOf(record)
      .filter(({ node }) => node !== except)
      .map(async (session) => {
        const client = connectSession(session, ports);
        const answer = await client.stopJob(record.order.jobId);
        client.close();
        return answer;
      }),
  );
  const failed = told.find((answer) => !answer.ok);
  return failed?.ok === false ? failed : ok(undefined);
}
