import { startTestAgent } from './test-agent.ts';

/**
 * The agent as a process of its own that tests may kill: `node agent-process.ts WORK_FOLDER`. Its evidence proves nothing.
 * stdout: one line, `{"url": "https://127.0.0.1:PORT"}`. It ends when its stdin ends.
 */
const [workFolder = ''] = process.argv.slice(2);
const node = await startTestAgent({ workFolder });
process.stdout.write(`${JSON.stringify({ url: `https://127.0.0.1:${node.agent.port}` })}\n`);
process.stdin.resume();
process.stdin.on('end', () => {
  void node.close().finally(() => process.exit(0));
});
