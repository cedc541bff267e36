import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { Forwarder } from './forwarder.js';

const execute = promisify(execFile);

/** The device nodes of readers, where the COM double puts them. */
const READER_NODES = 'HKLM\\System\\CurrentControlSet\\Enum\\ROOT\\SMARTCARDREADER';

/** One scripted call of the COM double: com/README.md has the fields. */
export interface ManagerPlan {
  delayMs?: number;
  stepMs?: number;
  hang?: true;
  crash?: true;
  result?: number;
  errors?: number[];
  after?: number;
  keepOnAbort?: true;
  needReboot?: true;
  nullInstanceId?: true;
  readerLagMs?: number;
  lateCallback?: number;
}

export type ManagerMethod =
  | 'CreateVirtualSmartCard'
  | 'CreateVirtualSmartCardWithPinPolicy'
  | 'CreateVirtualSmartCardWithAttestation'
  | 'DestroyVirtualSmartCard';

export interface RecordedCall {
  component: string;
  call: string;
  arguments: Record<string, unknown>;
}

/** The machine that a test runs on, as a new one: without cards, without scripts. */
export class Lab {
  readonly #forwarder: Forwarder;

  private constructor(forwarder: Forwarder) {
    this.#forwarder = forwarder;
  }

  /** For one test. Cards that the test leaves are gone with the next `fresh`. */
  static async fresh(): Promise<Lab> {
    const forwarder = await Forwarder.connect();
    onTestFinished(() => forwarder.close());
    await forwarder.request('reset');
    await removeReaderNodes();
    return new Lab(forwarder);
  }

  /** Scripts the coming calls of a method, one plan for each; null lets one pass. */
  async script(method: ManagerMethod, ...plans: (ManagerPlan | null)[]): Promise<void> {
    await this.#forwarder.request('script', { component: 'com', call: method, plans });
  }

  /** Scripts the coming calls of the smart card service: of winscard's functions there are these plans. */
  async scriptWinscard(
    call: string,
    ...plans: ({ delayMs?: number; hang?: true; result?: number } | null)[]
  ): Promise<void> {
    await this.#forwarder.request('script', { component: 'winscard', call, plans });
  }

  /** Scripts the coming calls of the card's module; `without`, of CardAcquireContext: functions that it lacks. */
  async scriptModule(
    call: string,
    ...plans: ({ delayMs?: number; hang?: true; result?: number; without?: string[] } | null)[]
  ): Promise<void> {
    await this.#forwarder.request('script', { component: 'minidriver', call, plans });
  }

  /** Makes the system an older one: 1 is Windows 8, 2 is Windows 8.1, 3 is what came after. */
  async setManagerVersion(managerVersion: 1 | 2 | 3): Promise<void> {
    await this.#forwarder.request('configure', { managerVersion });
  }

  /** What a double was called with. */
  async recorded(component = 'com'): Promise<RecordedCall[]> {
    const { calls } = await this.#forwarder.request<{ calls: RecordedCall[] }>('recorded', {
      component,
    });
    return calls;
  }

  /** The cards that there really are, oldest instance first. */
  async cards(): Promise<{ instanceId: string; name: string; readerName: string }[]> {
    const { cards } = await this.#forwarder.request<{
      cards: { instanceId: string; name: string; readerName: string }[];
    }>('listCards');
    return cards;
  }

  /** A request of PROTOCOL.md that has no method here. */
  request<Result = unknown>(method: string, params: object = {}): Promise<Result> {
    return this.#forwarder.request<Result>(method, params);
  }
}

/** `reg` fails where there is no such key, which is as well. */
async function removeReaderNodes(): Promise<void> {
  await execute('reg', ['delete', READER_NODES, '/f']).catch((error: { code?: number }) => {
    if (error.code !== 1) throw error;
  });
}
