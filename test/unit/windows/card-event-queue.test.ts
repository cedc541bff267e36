import { describe, expect, it } from 'vitest';
import type { CardEvent } from '../../../lib/backend/backend.js';
import { CardEventQueue } from '../../../lib/backend/card-event-queue.js';

const END = { value: undefined, done: true };

function event(number: number): CardEvent {
  return { type: 'added', instanceId: `ROOT\\SMARTCARDREADER\\000${number}`, name: `${number}` };
}

function queue() {
  let stops = 0;
  const made = new CardEventQueue(async () => {
    stops += 1;
  });
  return { queue: made, stops: () => stops };
}

describe('a queue of card events', () => {
  it('keeps their order, whoever comes first', async () => {
    const { queue: events } = queue();
    const early = events.next();
    events.push(event(1));
    events.push(event(2));
    expect(await early).toEqual({ value: event(1), done: false });
    expect(await events.next()).toEqual({ value: event(2), done: false });
  });

  it('ends for all who wait, and stops its source once', async () => {
    const { queue: events, stops } = queue();
    const waiting = [events.next(), events.next()];
    await events.close();
    await events.close();
    expect(await Promise.all(waiting)).toEqual([END, END]);
    events.push(event(1));
    expect(await events.next()).toEqual(END);
    expect(stops()).toBe(1);
  });

  it('is closed by leaving for await', async () => {
    const { queue: events, stops } = queue();
    events.push(event(1));
    events.push(event(2));
    for await (const { name } of events) {
      expect(name).toBe('1');
      break;
    }
    expect(stops()).toBe(1);
    expect(await events.next()).toEqual(END);
  });

  it('gives what came before a failure, then the failure, then the end', async () => {
    const { queue: events, stops } = queue();
    events.push(event(1));
    events.fail(new Error('gone'));
    expect(await events.next()).toEqual({ value: event(1), done: false });
    await expect(events.next()).rejects.toThrow('gone');
    expect(await events.next()).toEqual(END);
    expect(stops()).toBe(1);
  });
});
