import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Process of a node's agent: the child of the local network that listens at the node's address.
 * @throws Error when there is none: the test has nothing to kill.
 */
export async function agentPid(networkPid: number | undefined, url: string): Promise<number> {
  const port = Number(new URL(url).port);
  const inode = await listeningInode(port);
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || (await parentOf(pid)) !== networkPid) continue;
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (target === `socket:[${inode}]`) return Number(pid);
    }
  }
  throw new Error(`no agent at ${url} was found`);
}

async function parentOf(pid: string): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** The socket that listens at a port, of IPv4 and IPv6. */
async function listeningInode(port: number): Promise<string> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['tcp', 'tcp6']) {
    for (const line of (await readFile(`/proc/net/${table}`, 'utf8')).split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hex}`) === true && fields[3] === '0A') return fields[9] ?? '';
    }
  }
  throw new Error(`nothing listens at port ${port}`);
}
