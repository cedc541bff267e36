import { addAbortSignal } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { EstConnector } from './est-options.js';

/** Connections by node:tls. They end when the signal fires, also amid the handshake. */
export function tlsConnector(secureContext: SecureContext): EstConnector {
  return ({ host, port, signal }) => {
    const { connect } = process.getBuiltinModule('node:tls');
    const { isIP } = process.getBuiltinModule('node:net');
    // A name only goes into the handshake (RFC 6066, section 3); the certificate is checked for both.
    const servername = isIP(host) ? '' : host;
    const socket = connect({ host, port, servername, secureContext, ALPNProtocols: ['http/1.1'] });
    addAbortSignal(signal, socket);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        resolve(socket);
      });
    });
  };
}
