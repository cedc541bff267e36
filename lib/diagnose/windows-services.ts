import { TIME_LIMITS } from '../backend/windows/limits.js';
import { awaitCall } from '../backend/windows/system-call.js';
import type { NativeService, WindowsAddon } from '../native-windows.js';
import type { Findings } from './findings.js';

/** SERVICE_RUNNING, SERVICE_DISABLED. */
const RUNNING = 4;
const DISABLED = 4;

/** The services that cards go through. The first cannot be done without. */
const SERVICES = [
  {
    name: 'SCardSvr',
    is: 'Smart Card service',
    isNeeded: true,
    without: 'Without it no program reaches a card.',
  },
  {
    name: 'ScDeviceEnum',
    is: 'Smart Card Device Enumeration Service',
    isNeeded: false,
    without: 'Without it some programs do not notice that a card came.',
  },
  {
    name: 'CertPropSvc',
    is: 'Certificate Propagation service',
    isNeeded: false,
    without:
      "Without it certificates that other programs put on a card do not reach the user's store.",
  },
] as const;

/** Whether they can run. That one is stopped is nothing: Windows starts them when a reader comes. */
export async function checkServices(addon: WindowsAddon, findings: Findings): Promise<void> {
  for (const { name, is, isNeeded, without } of SERVICES) {
    const remedy = `As an administrator: "sc config ${name} start= demand", then "sc start ${name}".`;
    const subject = name;
    let service: NativeService | null;
    try {
      service = await awaitCall(() => addon.queryService(name), {
        timeoutMs: TIME_LIMITS.query,
        graceMs: 0,
        what: `Asking about the service ${name}`,
      });
    } catch (error) {
      findings.failure('service', `The ${is} cannot be asked about.`, error, {
        severity: 'warning',
        subject,
      });
      continue;
    }
    const complain = isNeeded ? findings.error.bind(findings) : findings.warning.bind(findings);
    if (!service)
      complain('service', `This Windows lacks the ${is}.`, {
        detail: without,
        remedy: 'Add it: on Windows Server it belongs to the desktop experience.',
        subject,
      });
    else {
      const facts = { state: service.state, startType: service.startType };
      if (service.state === RUNNING) findings.ok('service', `The ${is} runs.`, { subject, facts });
      else if (service.startType === DISABLED) {
        complain('service', `The ${is} is disabled.`, { detail: without, remedy, subject, facts });
      } else {
        const detail = 'Windows starts it when a reader comes.';
        findings.info('service', `The ${is} does not run now.`, { detail, remedy, subject, facts });
      }
    }
  }
}
