/** The process that native DuckDB runs in: a fault of its memory costs a step, not the runtime. */
import { serve } from './child.node.ts';
import { runNative } from './native-engine.node.ts';

serve(runNative);
