import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { installReader } from '../../dist/pcsc/reader-installation.js';

const SOCKET = '/run/pcscd/pcscd.comm';

/** A pcscd in the foreground with our reader, as root; no other one may run. */
export async function startPcscd(folder) {
  if (await answers()) throw new Error('A pcscd runs on this machine. Stop it for the benchmark.');
  await chmod(folder, 0o755);
  const places = {
    configDirectory: join(folder, 'reader.conf.d'),
    libraryDirectory: join(folder, 'lib'),
    directory: join(folder, 'readers'),
  };
  const { uid, gid } = { uid: process.getuid(), gid: process.getgid() };
  await mkdir('/run/pcscd', { recursive: true });
  await installReader(places, { uid, gid });
  const child = spawn('pcscd', ['-f', '-c', places.configDirectory], { stdio: 'ignore' });
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error('pcscd ended; it needs root');
    await delay(20);
  }
  return {
    directory: places.directory,
    stop: async () => {
      const exit = once(child, 'exit');
      child.kill();
      await exit;
    },
  };
}

async function answers() {
  const socket = connect(SOCKET);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Nobody listens.
    return false;
  } finally {
    socket.destroy();
  }
}
