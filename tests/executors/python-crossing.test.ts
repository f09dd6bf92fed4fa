/** Values through Python and the portable form. The same suite over every pair of engines is `crossing.test.ts`. */
import { afterAll } from 'vitest';
import { pythonBench } from '../support/python.ts';
import { valuesCrossing } from '../suites/values-crossing.ts';

const bench = pythonBench();
afterAll(() => bench.close());
valuesCrossing({ python: () => bench.python });
