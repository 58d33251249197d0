import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkEvent, NodeFault } from '../contract/local-network.ts';
import { directorySchema, type Directory, type DirectoryNode } from '../contract/wire.ts';
import { AgentProcess } from './agent-process.ts';
import { authorityAnchors, authorityCollateral } from './authority/authority.ts';
import { gpuReference, honestMeasurement } from './authority/reference.ts';
import { loadHardware, type NetworkHardware } from './hardware.ts';
import { nodeDefinitions, type NodeDefinition } from './nodes.ts';

export interface NetworkOptions {
  /** Holds directory.json, the SIMULATED keys and the agents' work folders. */
  readonly folder: string;
  /** Where agents keep plaintext: a memory-backed file system. */
  readonly memoryFolder: string;
  readonly faults: ReadonlyMap<string, NodeFault>;
  readonly say: (event: NetworkEvent) => void;
  /** Lines for whoever reads the log; never secrets. */
  readonly log: (line: string) => void;
}

/** The running agents and the directory of them. */
export class LocalNetwork {
  readonly #options: NetworkOptions;
  readonly #agents = new Map<string, AgentProcess>();
  #stopping: Promise<void> | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /**
   * Makes or loads the SIMULATED hardware, starts all agents and writes directory.json when all of them are ready.
   * @throws when an agent does not start, with its name; the others are stopped by `stop`.
   */
  async start(): Promise<void> {
    const { folder, say } = this.#options;
    const total = nodeDefinitions.length + 1;
    let ready = 0;
    const progress = (): void => say({ event: 'progress', ready: ready++, total });
    progress();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // A directory of agents that are gone must not be found while new ones start.
    await rm(this.#directoryPath, { force: true });
    const hardware = await loadHardware(this.#hardwarePath, nodeDefinitions);
    if (this.#stopping !== undefined) return;
    progress();
    const nodes = await Promise.all(
      nodeDefinitions.map(async (definition) => {
        const url = await this.#startAgent(definition, hardware).ready();
        progress();
        return directoryNode(definition, url);
      }),
    );
    await this.#writeDirectory(nodes, hardware);
    say({ event: 'ready', directory: this.#directoryPath });
  }

  /** Makes a node misbehave, or stop it with `none`. @returns false for an unknown node. */
  async setFault(node: string, fault: NodeFault): Promise<boolean> {
    const agent = this.#agents.get(node);
    if (agent === undefined) return false;
    await agent.setFault(fault);
    return true;
  }

  /** Ends all agents, which wipe their plaintext. With `wipe`, removes stored data and SIMULATED keys too. */
  async stop(wipe: boolean): Promise<void> {
    this.#stopping ??= (async () => {
      await rm(this.#directoryPath, { force: true });
      await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
    })();
    await this.#stopping;
    if (!wipe) return;
    await rm(this.#hardwarePath, { force: true });
    await rm(join(this.#options.folder, 'agents'), { recursive: true, force: true });
  }

  get #directoryPath(): string {
    return join(this.#options.folder, 'directory.json');
  }

  get #hardwarePath(): string {
    return join(this.#options.folder, 'simulated-hardware.json');
  }

  #startAgent(definition: NodeDefinition, hardware: NetworkHardware): AgentProcess {
    const { folder, memoryFolder, faults, say, log } = this.#options;
    const { name, gpuModel } = definition;
    const agent = new AgentProcess(
      {
        node: name,
        gpuModel,
        workFolder: join(folder, 'agents', name),
        memoryFolder,
        hardware: hardware.of(name),
        otherHardware: hardware.spare,
        downgradedCpu: hardware.downgraded(name),
        fault: faults.get(name) ?? 'none',
      },
      log,
    );
    this.#agents.set(name, agent);
    void agent.ended.then((code) => {
      if (this.#stopping === undefined) say({ event: 'agent-ended', node: name, code });
    });
    return agent;
  }

  async #writeDirectory(nodes: DirectoryNode[], hardware: NetworkHardware): Promise<void> {
    const directory: Directory = {
      version: 1,
      network: 'local',
      simulated: true,
      anchors: authorityAnchors(hardware.authority),
      reference: { snpMeasurement: honestMeasurement, gpuMeasurements: gpuReference() },
      collateral: authorityCollateral(hardware.authority, hardware.machines),
      nodes,
    };
    const text = `${JSON.stringify(directorySchema.parse(directory), undefined, 1)}\n`;
    await writeFile(`${this.#directoryPath}.tmp`, text, { mode: 0o600 });
    await rename(`${this.#directoryPath}.tmp`, this.#directoryPath);
  }
}

function directoryNode({ mode, ...definition }: NodeDefinition, url: string): DirectoryNode {
  return { ...definition, url, cpuFamily: 'snp', simulated: true, ...(mode === 'honest' ? {} : { mode }) };
}
