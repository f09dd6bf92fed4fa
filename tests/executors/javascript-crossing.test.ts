/** Values through JavaScript and the portable form. The same suite over every pair of engines is `crossing.test.ts`. */
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import { valuesCrossing } from '../suites/values-crossing.ts';

valuesCrossing({ javascript: () => createJavaScript() });
