import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const refuse = (what: string) => () => {
  throw new Error(`an offline custody profile opens no socket (${what})`);
};

const seal = (target: object, name: string) => {
  Object.defineProperty(target, name, { value: refuse(name), writable: false, configurable: false });
};

/**
 * From now on nothing in this process opens a socket: connecting, listening, datagrams and name look-ups throw. For the
 * process of an offline custody profile, which has no business on any network; a second wall behind the core, which
 * starts nothing that would. Pipes and terminals that are open already still work.
 */
export function forbidSockets(): void {
  seal(net.Socket.prototype, 'connect');
  seal(net.Server.prototype, 'listen');
  seal(dgram.Socket.prototype, 'bind');
  seal(dgram.Socket.prototype, 'send');
  seal(dgram.Socket.prototype, 'connect');
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'reverse']) {
    seal(dns, name);
    seal(dns.promises, name);
  }
  syncBuiltinESMExports();
}
