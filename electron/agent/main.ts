import { isTrainerThread, runTrainerThread } from './trainer/worker.ts';

/**
 * The node agent. Run as `node electron/agent/main.ts`, and as its own worker thread for the trainer.
 *
 * stdin: first line the configuration (agentConfigSchema, contract/local-network.ts), which holds the SIMULATED
 * hardware's keys and is therefore neither in argv nor in the environment; then commands (agentCommandSchema). The
 * agent ends when its stdin ends. stdout: agentEventSchema, one JSON object a line.
 */
if (isTrainerThread()) {
  await runTrainerThread();
} else {
  const { runAgentProcess } = await import('./process.ts');
  await runAgentProcess(new URL(import.meta.url));
}
