import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A swtpm behind a relay, so that two programs use it, each by a TCP connection of its own. */
export async function startSharedTpm({ programs, folder }) {
  const state = join(folder, 'tpm');
  await mkdir(state);
  const { port, controlPort, tpmPort } = await freePorts();
  const children = [
    spawn('swtpm', [
      ...[
        'socket',
        '--tpm2',
        '--tpmstate',
        `dir=${state}`,
        '--flags',
        'not-need-init,startup-clear',
      ],
      ...['--server', `type=tcp,port=${tpmPort},bindaddr=127.0.0.1`],
      // Where tpm2-tss looks for it.
      ...['--ctrl', `type=tcp,port=${controlPort},bindaddr=127.0.0.1`],
    ]),
  ];
  await listening(tpmPort);
  children.push(spawn(programs.tpm_relay, [port, tpmPort].map(String), { stdio: 'inherit' }));
  await listening(port);
  return {
    port,
    address: `swtpm:tcp:127.0.0.1:${port}`,
    tcti: `swtpm:host=127.0.0.1,port=${port}`,
    /** One connection for the life of a program, as its tools need it. */
    toolTcti: `cmd:socat - TCP:127.0.0.1:${port}`,
    stop: async () => {
      for (const child of children.reverse()) {
        const exit = once(child, 'exit');
        child.kill();
        await exit;
      }
    },
  };
}

/** Three free ports, of which the control port follows on the relay's. */
async function freePorts() {
  const held = [];
  try {
    for (;;) {
      const [first, tpm] = [await hold(0), await hold(0)];
      held.push(first, tpm);
      const port = first.address().port;
      const second = await hold(port + 1);
      if (!second) continue;
      held.push(second);
      return { port, controlPort: port + 1, tpmPort: tpm.address().port };
    }
  } finally {
    for (const server of held) server.close();
  }
}

/** Listens on a port; undefined when it is taken. */
async function hold(port) {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    return undefined;
  }
}

async function listening(port) {
  for (let attempt = 0; attempt < 250; attempt++) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      // Not yet.
      await delay(20);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nobody listens on port ${port}`);
}
