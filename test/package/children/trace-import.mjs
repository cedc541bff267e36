// Imports the module that it is told, and prints what was loaded for that.
import { createRequire, register } from 'node:module';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

const { port1, port2 } = new MessageChannel();
register('./trace-hooks.mjs', import.meta.url, { data: { port: port2 }, transferList: [port2] });
await import(process.argv[2]);

const modules = [];
for (let told = receiveMessageOnPort(port1); told; told = receiveMessageOnPort(port1)) {
  modules.push(told.message);
}
port1.close();
const required = Object.keys(createRequire(import.meta.url).cache);
console.log(JSON.stringify({ modules, required }));
