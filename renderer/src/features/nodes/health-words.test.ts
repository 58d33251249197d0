import { describe, expect, it } from 'vitest';
import type { NodeHealth } from '../../../../electron/contract/health.ts';
import { alarmOf, gpuFigure, gpuFigures, machineRows, sourceWords, stateWords, trialWords } from './health-words.ts';

const alert = (id: string, level: 'critical' | 'warning', title: string, gpu?: string) => ({
  id,
  level,
  title,
  detail: '',
  ...(gpu === undefined ? {} : { gpu }),
});
const view = (...alerts: NodeHealth['alerts']) => ({ alerts }) as NodeHealth;

describe('words on health', () => {
  it('never write a figure that was not reported', () => {
    const gpu = { gpu: '0', fields: { DCGM_FI_DEV_FB_USED: 61_203, DCGM_FI_DEV_GPU_UTIL: 0 }, notReported: [] };
    expect(gpuFigures.map((figure) => gpuFigure(gpu, figure))).toEqual(['0', '59.8', undefined, undefined]);
    expect(machineRows({})).toBeUndefined();
    expect(machineRows({ node_load1: 0, node_filesystem_size_bytes: 0, node_filesystem_avail_bytes: 0 })).toEqual([
      { name: 'Memory', value: 'not reported' },
      { name: 'Disk', value: 'not reported' },
      { name: 'Load, 1 min', value: '0.00' },
    ]);
    expect(
      machineRows({ node_memory_MemTotal_bytes: 2 ** 34, node_memory_MemAvailable_bytes: 2 ** 32 })?.[0]?.value,
    ).toBe('4.00 GiB of 16.0 GiB free, 25 %');
  });

  it('name the alarm of a node: another GPU than the attested one before all else', () => {
    expect(alarmOf(view(alert('gpu.temperature', 'warning', 'hot')))).toBeUndefined();
    expect(alarmOf(view(alert('gpu.xid', 'critical', 'XID 79', '1')))).toEqual({
      text: 'GPU 1, XID 79.',
      identity: false,
    });
    expect(
      alarmOf(view(alert('gpu.xid', 'critical', 'XID 79', '1'), alert('identity.uuid', 'critical', 'another GPU'))),
    ).toEqual({ text: 'another GPU, and 1 more.', identity: true });
    const stale = { ...view(alert('gpu.xid', 'critical', 'XID 79')), state: 'stale' as const };
    expect(alarmOf(stale)?.text).toBe('XID 79. The figures are stale.');
  });

  it('say who speaks, how a source stands, and what a first look told', () => {
    const sources = [{ id: 's', kind: 'prometheus' as const, url: 'https://p/' }];
    expect(['agent', 's', 'x'].map((id) => sourceWords(id, sources))).toEqual([
      'the node’s own agent',
      'prometheus https://p/',
      'a source that was removed',
    ]);
    expect(stateWords({ state: 'failed', error: { code: 'timeout', message: 'It took too long.' } })).toBe(
      'It took too long.',
    );
    expect(trialWords({ url: 'u', took: 12, nodes: [] }).detail).toContain('none of the nodes here');
    expect(trialWords({ url: 'u', took: 12, nodes: [{ node: 'a', gpus: 2, machine: true, simulated: true }] })).toEqual(
      { title: 'It answers, in 12 ms.', detail: 'a: 2 GPUs, the machine, SIMULATED.' },
    );
  });
});
